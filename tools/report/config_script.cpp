// The search in the configuration of report.html.
#include "tools/report/page_parts.h"

namespace attune::tools {

const char* const config_script = R"js('use strict';
{
const entries = [...document.querySelectorAll('#config dl div')];
const search = document.createElement('input');
Object.assign(search, {type: 'search', placeholder: 'search keys and values'});
search.setAttribute('aria-label', search.placeholder);
search.addEventListener('input', () => {
  const wanted = search.value.trim().toLowerCase();
  for (const entry of entries) entry.hidden = !entry.textContent.toLowerCase().includes(wanted);
});
document.querySelector('#config dl').before(search);
}
)js";

}  // namespace attune::tools
