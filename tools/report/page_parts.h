// The report's style sheet and scripts: plain CSS and JavaScript without any library, one subject a file.
#pragma once

namespace attune::tools {

extern const char* const page_style;
extern const char* const chart_script;
// The pictures' sliders, and the search in the configuration.
extern const char* const case_script;
extern const char* const config_script;

}  // namespace attune::tools
