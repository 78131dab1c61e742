#include "core/text.h"

#include <catch2/catch.hpp>

#include "core/error.h"

using namespace attune;

TEST_CASE("The near name is found, a far one is not") {
  const std::vector<std::string> keys = {
      "optimizer.lr", "optimizer.decay", "train.steps", "train.size", "seed", "data"};
  CHECK(nearest_name("optimiser.lr", keys) == "optimizer.lr");
  CHECK(nearest_name("OPTIMIZER.LR", keys) == "optimizer.lr");
  CHECK(nearest_name("optimizer_lr", keys) == "optimizer.lr");
  CHECK(nearest_name("sede", keys) == "seed");  // a swap is one edit
  CHECK(nearest_name("sead", keys) == "seed");
  CHECK(nearest_name("seeds", keys) == "seed");
  CHECK(nearest_name("dta", keys) == "data");
  CHECK(nearest_name("loss", keys).empty());
  CHECK(nearest_name("", keys).empty());
  CHECK(nearest_name("seed", {}).empty());
  CHECK(nearest_name("x", {"y"}).empty());  // sharing nothing is not near
  CHECK(nearest_name("ab", {"abc", "abd"}) == "abc");
  CHECK(nearest_name(std::string(1000000, 's'), keys).empty());
  CHECK(did_you_mean("sead", keys) == ": did you mean 'seed'?");
  CHECK(did_you_mean("loss", keys).empty());
}

TEST_CASE("Shortened text is one line of whole characters") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcd", 3) == "abc...");
  CHECK(shortened("a\nb\tc\x7f", 10) == "a b c ");
  CHECK(shortened("a\xc3\xa4z", 2) == "a...");
  CHECK(shortened("a\xc3\xa4z", 3) == "a\xc3\xa4...");
  CHECK(shortened("", 0).empty());
}

TEST_CASE("Figures and markup") {
  CHECK(fixed(2.675, 1) == "2.7");
  CHECK(fixed(-0.5, 3) == "-0.500");
  CHECK(escaped("8x192x192x16") == "8x192x192x16");
  CHECK(escaped("<a b=\"c\">'d' & e</a>") == "&lt;a b=&quot;c&quot;&gt;&#39;d&#39; &amp; e&lt;/a&gt;");
}

TEST_CASE("Errors carry their kind and a text put together from parts") {
  CHECK(text("x: expected ", 3, " channels, not ", 1.5) == "x: expected 3 channels, not 1.5");
  CHECK_NOTHROW(require(true, ErrorKind::input, "never"));
  try {
    require(false, ErrorKind::unsupported, "no ", "kernel");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::unsupported);
    CHECK(std::string(error.what()) == "no kernel");
  }
}
