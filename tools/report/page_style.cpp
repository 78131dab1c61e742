// How the report looks, in light and dark, from a phone's width up. Where scripts run the page is `.scripted`.
#include "tools/report/page_parts.h"

namespace attune::tools {

const char* const page_style = R"css(
:root {
  color-scheme: light dark;
  --ink: #1c1f23; --soft: #646b72; --paper: #f7f6f3; --card: #fff; --line: #e3e0da; --wash: #f1efea;
  --accent: #b9491f; --second: #28628f; --good: #2c7a4b; --bad: #b3372f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e9e6e1; --soft: #9ba2a9; --paper: #151618; --card: #1e2023; --line: #34373b; --wash: #292c30;
    --accent: #f0905f; --second: #7db7e2; --good: #79c797; --bad: #f08a80;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 70rem;
  background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2.75rem 0 .5rem; font-size: 1.2rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: .95rem; color: var(--soft); }
p { margin: 0 0 .75rem; }
.soft { color: var(--soft); font-size: .9rem; }
.card { margin: 0; padding: 1rem; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; }
.figures .card { padding: .75rem 1rem; }
.figures b {
  display: block; white-space: nowrap; font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums;
}

.charts { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
.chart { min-width: 0; }
.chart:first-child, .chart:last-child:nth-child(even) { grid-column: 1 / -1; }
.chart figcaption { display: grid; grid-template-columns: 1fr auto; align-items: center; }
.chart output { grid-column: 1; color: var(--soft); font-size: .85rem; font-variant-numeric: tabular-nums; }
.chart button { grid-row: 1 / 3; grid-column: 2; }
.chart svg { display: block; width: 100%; height: auto; overflow: visible; }
.scripted .chart svg {
  height: 210px; border-radius: 4px; cursor: crosshair; touch-action: pan-y; user-select: none;
}
.chart svg:focus:not(:focus-visible) { outline: none; }
.scripted .chart:first-child svg { height: 270px; }
svg text { fill: var(--soft); font-size: 11.5px; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); }
.each, .mean { fill: none; stroke: var(--accent); stroke-width: 1.6; stroke-linejoin: round; }
.each { opacity: .3; stroke-width: 1; }
.dot { fill: var(--accent); }
.composite { stroke: var(--second); stroke-dasharray: 5 4; }
.cursor { stroke: var(--soft); }
.selection { fill: var(--second); opacity: .18; }

button, select, input[type=search] {
  padding: .2rem .6rem; font: inherit; font-size: .85rem; color: var(--ink);
  background: var(--card); border: 1px solid var(--line); border-radius: 6px;
}
button { cursor: pointer; }
button:hover:not(:disabled) { background: var(--wash); }
button:disabled { opacity: .45; cursor: default; }
button[aria-pressed=true] { background: var(--ink); border-color: var(--ink); color: var(--paper); }
:focus-visible { outline: 2px solid var(--second); outline-offset: 2px; }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1.5rem; margin-bottom: .75rem; }
.choice { display: flex; align-items: center; }
.choice span { width: 2.6rem; color: var(--soft); font-size: .85rem; }
.choice button { border-radius: 0; margin-right: -1px; }
.choice button:first-of-type { border-radius: 6px 0 0 6px; }
.choice button:last-of-type { border-radius: 0 6px 6px 0; }

.scores { padding: .5rem; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; text-align: right; font-weight: 400; }
th:first-child { text-align: left; white-space: nowrap; }
thead th { color: var(--soft); font-size: .82rem; line-height: 1.25; vertical-align: bottom; }
tbody tr { border-top: 1px solid var(--line); }
.set th { padding-top: .75rem; font-weight: 600; }
.set span { margin-left: .4rem; color: var(--soft); font-weight: 400; }
.model { background: var(--wash); }
.best { font-weight: 700; color: var(--good); }
details { margin: .5rem 0; }
summary { cursor: pointer; }
.scores summary { padding: 0 .5rem; color: var(--soft); font-size: .9rem; }

.cases { display: grid; grid-template-columns: repeat(3, 1fr); align-items: start; gap: .75rem; }
.case { min-width: 0; padding: .6rem; }
.case figcaption { margin-bottom: .4rem; font-size: .82rem; }
.case figcaption b { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.case figcaption span { color: var(--soft); font-variant-numeric: tabular-nums; }
.case em { margin-left: .3rem; font-style: normal; font-weight: 600; color: var(--good); }
.case em.worse { color: var(--bad); }
.frame { display: grid; grid-template-columns: 1fr 1fr; gap: .4rem; }
.view img { display: block; width: 100%; aspect-ratio: var(--ratio); border-radius: 5px; }
.view span { font-size: .75rem; color: var(--soft); }
.scripted .frame {
  position: relative; display: block; aspect-ratio: var(--ratio); overflow: hidden; border-radius: 5px;
  max-width: calc(22rem * var(--ratio)); margin: 0 auto;  /* so that no portrait is taller than that */
  cursor: ew-resize; touch-action: pan-y; user-select: none;
}
.scripted .view { position: absolute; inset: 0; visibility: hidden; }
.scripted .view span { display: none; }
.scripted .view.right { visibility: visible; }
.scripted .view.left { z-index: 1; visibility: visible; clip-path: inset(0 calc(100% - var(--cut)) 0 0); }
.scripted .view.left.right { clip-path: none; }
.frame input {
  position: absolute; inset: 0; z-index: 2; width: 100%; margin: 0; opacity: 0; pointer-events: none;
}
.handle {
  position: absolute; top: 0; bottom: 0; left: var(--cut); z-index: 2; width: 2px; margin-left: -1px;
  background: #fff; box-shadow: 0 0 3px #000a; pointer-events: none;
}
.handle::after {
  content: '\2039\a0\203a'; position: absolute; top: 50%; left: 50%; width: 30px; height: 30px; margin: -15px;
  border-radius: 50%; background: #fff; color: #222; box-shadow: 0 0 4px #0008;
  font: 600 17px/27px system-ui, sans-serif; text-align: center;
}
input:focus-visible ~ .handle { background: var(--second); }
input:focus-visible ~ .handle::after { outline: 3px solid var(--second); }
.sides { display: flex; justify-content: space-between; margin-top: .4rem; }

#config dl { margin: .75rem 0 0; font: .8rem/1.5 ui-monospace, monospace; }
#config dl div {
  display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .15rem 0; border-top: 1px solid var(--line);
}
#config dl div[hidden] { display: none; }
#config dt { flex: 0 0 22rem; color: var(--soft); overflow-wrap: anywhere; }
#config dd { flex: 1 1 12rem; margin: 0; overflow-wrap: anywhere; }
#config input { width: min(100%, 20rem); margin-top: .75rem; }

@media (max-width: 45rem) {
  body { padding: 1.25rem .75rem 3rem; }
  .charts, .cases { grid-template-columns: 1fr; }
  .figures { grid-template-columns: 1fr 1fr; }
  .figures b { font-size: 1.1rem; }
  .card { padding: .75rem; }
  .scripted .chart svg, .scripted .chart:first-child svg { height: 200px; }
  html:not(.scripted) svg text { font-size: 18px; }
  .scores { padding: .25rem; }
  table { font-size: .75rem; }
  th, td { padding: .3rem .12rem; }
  thead th { font-size: .7rem; }
  #config dt { flex-basis: 100%; }
}
)css";

}  // namespace attune::tools
