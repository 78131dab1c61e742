// The naming rule, list files, filters and the validation cut, on a data folder made of empty files.
#include "tools/data/dataset.h"

#include <catch2/catch.hpp>
#include <set>

#include "core/error.h"
#include "tests/tools/temporary_folder.h"
#include "tools/data/csv.h"
#include "tools/data/pair_name.h"

using namespace attune;
using namespace attune::tools;

namespace {

// Two photographs, three composites.
TemporaryFolder small_set() {
  TemporaryFolder folder;
  for (const char* name :
       {"composite_images/a_1_1.jpg", "composite_images/a_1_2.jpg", "composite_images/c7-x_2_1.jpg",
        "masks/a_1.png", "masks/c7-x_2.png", "real_images/a.jpg", "real_images/c7-x.jpg"}) {
    folder.write(name, "");
  }
  folder.write("pairs.csv",
               "composite,group,licence\r\na_1_1.jpg,,\"free, \"\"really\"\"\"\na_1_2.jpg,,closed\n"
               "c7-x_2_1.jpg,series,closed\n");
  return folder;
}

SourceConfig source(const TemporaryFolder& folder) {
  SourceConfig config;
  config.path = folder.path();
  config.list = "list.txt";
  return config;
}

std::string error_of(const SourceConfig& config, ErrorKind kind) {
  try {
    load_items(config);
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  FAIL("no error");
  return {};
}

}  // namespace

TEST_CASE("a composite's name gives its mask and photograph") {
  const auto names = pair_names("d17664-20120114-145839_1_4.jpg");
  REQUIRE(names);
  CHECK(names->mask == "d17664-20120114-145839_1.png");
  CHECK(names->real == "d17664-20120114-145839.jpg");
  CHECK(pair_names("under_score_3_12.png")->mask == "under_score_3.png");
  CHECK(pair_names("under_score_3_12.png")->real == "under_score.png");
  for (const char* bad :
       {"", "a.jpg", "a_1.jpg", "a_1_2", "a_1_2.", "_1_2.jpg", "a__2.jpg", "a_1_.jpg", "_.jpg"}) {
    INFO(bad);
    CHECK_FALSE(pair_names(bad));
  }
}

TEST_CASE("a data set is one of four letters that a digit follows, else the folder") {
  CHECK(data_set_name("c1_1_1.jpg", "mini") == "HCOCO");
  CHECK(data_set_name("a0002_1_4.jpg", "mini") == "HAdobe5k");
  CHECK(data_set_name("f1_1_1.jpg", "mini") == "HFlickr");
  CHECK(data_set_name("d90-x_1_1.jpg", "mini") == "Hday2night");
  CHECK(data_set_name("b1_1_1.jpg", "mini") == "mini");
  CHECK(data_set_name("dih-1_1_1.jpg", "mini") == "mini");
  CHECK(data_set_name("a", "mini") == "mini");
}

TEST_CASE("a list may carry folders, blank lines and CRLF") {
  const TemporaryFolder folder = small_set();
  folder.write("list.txt", "\r\na_1_2.jpg\r\n\n  composite_images/c7-x_2_1.jpg \n");
  const std::vector<DataItem> items = load_items(source(folder));
  REQUIRE(items.size() == 2);
  CHECK(items[0].name == "a_1_2.jpg");
  CHECK(items[0].set == folder.path().filename().string());
  CHECK(items[0].real == folder.path() / "real_images/a.jpg");
  CHECK(items[1].name == "c7-x_2_1.jpg");
  CHECK(items[1].set == "HCOCO");
  CHECK(items[1].mask == folder.path() / "masks/c7-x_2.png");

  SourceConfig elsewhere = source(folder);  // a list that isn't in the data folder is taken as it is
  TemporaryFolder other;
  other.write("mine.txt", "a_1_1.jpg");
  elsewhere.list = (other.path() / "mine.txt").string();
  CHECK(load_items(elsewhere).size() == 1);
}

TEST_CASE("a list's mistakes are named with list, line and path") {
  const TemporaryFolder folder = small_set();
  CHECK_THAT(error_of(source(folder), ErrorKind::input), Catch::Contains("list.txt"));
  folder.write("list.txt", "a_1_1.jpg\n\nmissing_1_1.jpg\n");
  CHECK_THAT(error_of(source(folder), ErrorKind::input),
             Catch::Contains("list.txt:3") && Catch::Contains("composite_images/missing_1_1.jpg"));
  folder.write("list.txt", "a.jpg\n");
  CHECK_THAT(error_of(source(folder), ErrorKind::input),
             Catch::Contains("list.txt:1") && Catch::Contains("'a.jpg'"));
  folder.write("list.txt", "real_images/a_1_1.jpg\n");
  CHECK_THAT(error_of(source(folder), ErrorKind::input), Catch::Contains("expected composite_images"));
  folder.write("list.txt", "\n");
  CHECK_THAT(error_of(source(folder), ErrorKind::input), Catch::Contains("no pictures left of 0"));
  SourceConfig unlisted = source(folder);
  unlisted.list.clear();
  CHECK_THAT(error_of(unlisted, ErrorKind::configuration), Catch::Contains("needs a list"));
}

TEST_CASE("prefixes, licences and the validation cut filter") {
  const TemporaryFolder folder = small_set();
  folder.write("list.txt", "a_1_1.jpg\na_1_2.jpg\nc7-x_2_1.jpg\n");
  SourceConfig config = source(folder);
  config.include_prefixes = {"a"};
  CHECK(load_items(config).size() == 2);
  config.exclude_prefixes = {"a_1_1"};
  CHECK(load_items(config).size() == 1);
  config = source(folder);
  config.licences = {"free, \"really\""};
  REQUIRE(load_items(config).size() == 1);
  CHECK(load_items(config)[0].name == "a_1_1.jpg");
  config = source(folder);
  config.part = SourcePart::validation;
  config.validation_fraction = 1;
  CHECK(load_items(config)[2].group == "series");
  config.part = SourcePart::training;
  CHECK_THAT(error_of(config, ErrorKind::input), Catch::Contains("no pictures left of 3"));
  folder.write("pairs.csv", "composite,licence\na_1_1.jpg,free\n");
  CHECK_THAT(error_of(config, ErrorKind::input), Catch::Contains("no row for a_1_2.jpg"));
}

TEST_CASE("the cut takes about its fraction of the groups, and a smaller fraction's groups stay inside") {
  int tenth = 0;
  for (int index = 0; index < 2000; ++index) {
    const std::string group = "g" + std::to_string(index);
    if (in_validation_part(group, 0.1)) {
      ++tenth;
      CHECK(in_validation_part(group, 0.2));
    }
    CHECK_FALSE(in_validation_part(group, 0));
    CHECK(in_validation_part(group, 1));
  }
  CHECK(tenth > 150);
  CHECK(tenth < 250);
}

TEST_CASE("photographs come with masks or without, from images/ or the folder itself") {
  TemporaryFolder folder;
  folder.write("images/z.jpg", "");
  folder.write("images/b.PNG", "");
  folder.write("images/notes.txt", "");
  folder.write("masks/z.png", "");
  SourceConfig config;
  config.kind = SourceKind::photos;
  config.path = folder.path();
  const std::vector<DataItem> items = load_items(config);
  REQUIRE(items.size() == 2);
  CHECK(items[0].name == "b.PNG");
  CHECK(items[0].mask.empty());
  CHECK(items[1].mask == folder.path() / "masks/z.png");
  CHECK(items[1].composite.empty());
  config.path = folder.path() / "images";
  CHECK(load_items(config).size() == 2);
  CHECK(load_items(config)[1].mask.empty());
  config.path = folder.path() / "nowhere";
  CHECK_THAT(error_of(config, ErrorKind::input), Catch::Contains("nowhere"));
}

TEST_CASE("a table's fields must match its heading") {
  TemporaryFolder folder;
  folder.write("t.csv", "a,b\n1,\"two\nlines\"\n\n3\n");
  CHECK_THROWS_WITH(read_csv(folder.path() / "t.csv"), Catch::Contains("record 2 has 1 fields, expected 2"));
  folder.write("t.csv", "a,b\n1,\"two\nlines\"\n");
  const CsvTable table = read_csv(folder.path() / "t.csv");
  CHECK(table.rows[0][table.at("b")] == "two\nlines");
  CHECK_THROWS_WITH(table.at("c"), Catch::Contains("no column 'c'"));
  folder.write("t.csv", "");
  CHECK_THROWS_WITH(read_csv(folder.path() / "t.csv"), Catch::Contains("no heading"));
}
