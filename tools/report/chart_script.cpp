// Draws the curves of report.html in their still drawings' place, and zooms: all charts share one range of steps and
// one cursor.
#include "tools/report/page_parts.h"

namespace attune::tools {

const char* const chart_script = R"js('use strict';
document.documentElement.classList.add('scripted');
{
const MARGIN = {left: 52, right: 14, top: 12, bottom: 26};
const CLICK = 6;  // pixels that a pointer may move and still have clicked

const data = JSON.parse(document.getElementById('report-data').textContent).charts;
const stepsOfAll = data.flatMap(chart => [chart.steps[0], chart.steps[chart.steps.length - 1]]);
const whole = {first: Math.min(...stepsOfAll), last: Math.max(...stepsOfAll)};
if (whole.first === whole.last) ++whole.last;
const view = {...whole, cursor: null};  // steps
const namespace = document.querySelector('.chart svg')?.namespaceURI;

function element(name, attributes, text) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function shown(value) {
  const size = Math.abs(value);
  if (size >= 1e5 || (size > 0 && size < 1e-4)) return value.toExponential(1);
  return String(Number(value.toPrecision(4)));
}

// The round numbers from `low` to `high`, `count` of them or a few more.
function roundTicks(low, high, count, smallest = 0) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const tick = Math.max(smallest, power * [1, 2, 5, 10].find(factor => factor * power >= rough * 0.999));
  const ticks = [];
  for (let i = Math.ceil(low / tick - 1e-9); i * tick <= high + tick * 1e-9; ++i) ticks.push(i * tick);
  return ticks;
}

// The same on an axis of decimal logarithms; the ticks are plain values.
function logarithmicTicks(low, high, count) {
  const among = factors => {
    const ticks = [];
    for (let decade = Math.floor(low); decade <= high; ++decade)
      for (const factor of factors) {
        const tick = factor * 10 ** decade, place = Math.log10(tick);
        if (place >= low - 1e-9 && place <= high + 1e-9) ticks.push(tick);
      }
    return ticks;
  };
  const decades = among([1]), finer = among([1, 2, 5]);
  if (decades.length >= count) return decades;
  return finer.length >= 3 ? finer : roundTicks(10 ** low, 10 ** high, count);
}

// The first place in the sorted `values` whose value is at least `bound`.
function lowerBound(values, bound) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < bound) low = middle + 1; else high = middle;
  }
  return low;
}

class Chart {
  constructor(figure, data) {
    Object.assign(this, data);
    this.figure = figure;
    this.logarithmic = this.isLoss && this.values.every(value => value > 0);
    this.sums = [0];
    for (const value of this.values) this.sums.push(this.sums[this.sums.length - 1] + value);
    this.addControls();
    this.listen();
  }

  addControls() {
    const still = this.figure.querySelector('svg'), caption = this.figure.querySelector('figcaption');
    this.svg = element('svg', {tabindex: 0, role: 'img', 'aria-label': still.getAttribute('aria-label') +
                               '; arrow keys read values, plus and minus zoom, Escape shows all'});
    still.replaceWith(this.svg);
    this.output = caption.appendChild(document.createElement('output'));
    if (!this.logarithmic) return;
    const button = caption.appendChild(document.createElement('button'));
    button.textContent = 'log scale';
    button.type = 'button';
    button.setAttribute('aria-pressed', 'true');
    button.addEventListener('click', () => {
      this.logarithmic = !this.logarithmic;
      button.setAttribute('aria-pressed', String(this.logarithmic));
      this.draw();
    });
  }

  // The mean over the points around one: a fortieth of those in view to each side, where there are so many.
  mean(index) {
    const first = Math.max(0, index - this.reach), end = Math.min(this.values.length, index + this.reach + 1);
    return (this.sums[end] - this.sums[first]) / (end - first);
  }

  scaled(value) { return this.logarithmic ? Math.log10(value) : value; }

  x(step) {
    const part = (step - view.first) / (view.last - view.first);
    return MARGIN.left + part * (this.width - MARGIN.left - MARGIN.right);
  }

  y(value) {
    const part = (this.scaled(value) - this.low) / (this.high - this.low);
    return this.height - MARGIN.bottom - part * (this.height - MARGIN.top - MARGIN.bottom);
  }

  stepAt(x) {
    const part = (x - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right);
    return view.first + Math.min(1, Math.max(0, part)) * (view.last - view.first);
  }

  // Which points are in view, and the range of their values.
  measure() {
    const box = this.svg.getBoundingClientRect();
    this.width = box.width;
    this.height = box.height;
    this.begin = lowerBound(this.steps, view.first);
    this.end = lowerBound(this.steps, view.last + 1e-6);
    this.reach = this.isLoss ? Math.round((this.end - this.begin) / 40) : 0;
    const inView = this.values.slice(this.begin, this.end);
    const values = (inView.length ? inView : this.values).concat(this.composite ?? [])
        .map(value => this.scaled(value));
    this.low = Math.min(...values);
    this.high = Math.max(...values);
    const room = (this.high - this.low) * 0.06 || Math.abs(this.high) * 0.1 || 1;
    this.low -= room;
    this.high += room;
  }

  draw() {
    this.measure();
    this.svg.setAttribute('viewBox', `0 0 ${this.width} ${this.height}`);
    const clip = 'clip-' + this.key;
    const frame = element('clipPath', {id: clip});
    frame.append(element('rect', {x: MARGIN.left, y: 0, height: this.height,
                                  width: Math.max(0, this.width - MARGIN.left - MARGIN.right)}));
    const curves = element('g', {'clip-path': `url(#${clip})`});
    if (this.reach > 0) curves.append(element('path', {class: 'each', d: this.path(i => this.values[i])}));
    curves.append(element('path', {class: 'mean', d: this.path(i => this.mean(i))}));
    if (this.end - this.begin <= 30)
      for (let i = this.begin; i < this.end; ++i)
        curves.append(this.dot(this.steps[i], this.values[i], 2.5));
    this.overlay = element('g', {});
    this.svg.replaceChildren(frame, ...this.axes(), curves, this.overlay);
    this.drawCursor();
  }

  dot(step, value, radius) {
    return element('circle', {class: 'dot', r: radius, cx: this.x(step), cy: this.y(value)});
  }

  // Through the points in view and one beyond on each side.
  path(valueOf) {
    let path = '';
    for (let i = Math.max(0, this.begin - 1); i < Math.min(this.steps.length, this.end + 1); ++i)
      path += `${path ? 'L' : 'M'}${this.x(this.steps[i]).toFixed(1)} ${this.y(valueOf(i)).toFixed(1)}`;
    return path;
  }

  axes() {
    const parts = [], right = this.width - MARGIN.right, bottom = this.height - MARGIN.bottom;
    const count = Math.max(2, Math.floor(this.height / 45));
    const ticks = this.logarithmic ? logarithmicTicks : roundTicks;
    for (const tick of ticks(this.low, this.high, count)) {
      const y = this.y(tick);
      parts.push(element('line', {class: 'grid', x1: MARGIN.left, x2: right, y1: y, y2: y}),
                 element('text', {x: MARGIN.left - 6, y: y + 4, 'text-anchor': 'end'}, shown(tick)));
    }
    parts.push(element('text', {x: MARGIN.left - 6, y: this.height - 6, 'text-anchor': 'end'}, 'step'));
    for (const tick of roundTicks(view.first, view.last, Math.max(2, Math.floor(this.width / 110)), 1)) {
      const x = this.x(tick);
      parts.push(element('line', {class: 'grid', x1: x, x2: x, y1: bottom, y2: bottom + 5}),
                 element('text', {x, y: this.height - 6, 'text-anchor': x > right - 20 ? 'end' : 'middle'},
                         tick));
    }
    if (this.composite !== null) {
      const y = this.y(this.composite);
      parts.push(element('line', {class: 'composite', x1: MARGIN.left, x2: right, y1: y, y2: y}),
                 element('text', {x: right, y: y - 5, 'text-anchor': 'end'}, 'composite'));
    }
    return parts;
  }

  // The point nearest to a step, among those in view where there are any.
  nearest(step) {
    const some = this.end > this.begin;
    const begin = some ? this.begin : 0, end = some ? this.end : this.steps.length;
    const next = Math.min(end - 1, Math.max(begin, lowerBound(this.steps, step)));
    return next > begin && step - this.steps[next - 1] < this.steps[next] - step ? next - 1 : next;
  }

  drawCursor() {
    this.overlay.replaceChildren();
    const index = this.nearest(view.cursor ?? view.last), step = this.steps[index], value = this.values[index];
    const mean = this.reach > 0 ? `, mean ${shown(this.mean(index))}` : '';
    this.output.textContent = `step ${step}: ${shown(value)}${mean}`;
    if (this.selected)
      this.overlay.append(element('rect', {class: 'selection', x: this.selected.from, y: MARGIN.top,
                                           width: this.selected.to - this.selected.from,
                                           height: this.height - MARGIN.top - MARGIN.bottom}));
    if (view.cursor === null || this.end === this.begin) return;
    const x = this.x(step), bottom = this.height - MARGIN.bottom;
    this.overlay.append(element('line', {class: 'cursor', x1: x, x2: x, y1: MARGIN.top, y2: bottom}),
                        this.dot(step, this.reach > 0 ? this.mean(index) : value, 4));
  }

  listen() {
    const at = event => event.clientX - this.svg.getBoundingClientRect().left;
    let pressed = null;  // where the pointer went down
    const release = () => { pressed = this.selected = null; };
    this.svg.addEventListener('pointerdown', event => {
      if (event.button !== 0) return;
      pressed = at(event);
      this.svg.setPointerCapture(event.pointerId);
      moveCursor(this.stepAt(pressed));
    });
    this.svg.addEventListener('pointermove', event => {
      const x = at(event);
      if (pressed !== null && Math.abs(x - pressed) > CLICK)
        this.selected = {from: Math.max(MARGIN.left, Math.min(x, pressed)),
                         to: Math.min(this.width - MARGIN.right, Math.max(x, pressed))};
      moveCursor(this.stepAt(x));
    });
    this.svg.addEventListener('pointerup', () => {
      const selected = this.selected;
      release();
      if (selected) zoom(this.stepAt(selected.from), this.stepAt(selected.to));
    });
    this.svg.addEventListener('pointercancel', () => { release(); moveCursor(null); });
    this.svg.addEventListener('pointerleave', event => {
      if (event.pointerType === 'mouse' && pressed === null) moveCursor(null);
    });
    this.svg.addEventListener('dblclick', () => zoom(whole.first, whole.last));
    this.svg.addEventListener('keydown', event => this.press(event));
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const center = view.cursor ?? (view.first + view.last) / 2, half = (view.last - view.first) / 2;
    const index = view.cursor === null ? this.end : this.nearest(view.cursor);
    const goTo = place => moveCursor(this.steps[Math.min(this.end - 1, Math.max(this.begin, place))] ?? null);
    const actions = {
      ArrowLeft: () => goTo(index - 1), ArrowRight: () => goTo(index + 1),
      Home: () => goTo(this.begin), End: () => goTo(this.end - 1),
      '+': () => zoom(center - half / 2, center + half / 2),
      '-': () => zoom(center - half * 2, center + half * 2),
      Escape: () => zoom(whole.first, whole.last),
    };
    const action = actions[event.key === '=' ? '+' : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}

function moveCursor(step) {
  view.cursor = step;
  for (const chart of charts) chart.drawCursor();
}

function zoom(first, last) {
  const width = Math.min(whole.last - whole.first, Math.max(1, last - first));
  const begin = Math.min(Math.max(whole.first, (first + last - width) / 2), whole.last - width);
  Object.assign(view, {first: begin, last: begin + width});
  if (view.cursor < view.first || view.cursor > view.last) view.cursor = null;
  reset.disabled = width === whole.last - whole.first;
  for (const chart of charts) chart.draw();
}

const charts = data.map(one => new Chart(document.querySelector(`[data-chart=${one.key}]`), one));
const reset = document.createElement('button');
if (charts.length) {
  const tools = document.createElement('div');
  tools.className = 'tools soft';
  tools.append('Drag across a chart to zoom in on its steps; a double click shows all.', reset);
  Object.assign(reset, {textContent: 'show all', type: 'button', disabled: true});
  reset.addEventListener('click', () => zoom(whole.first, whole.last));
  document.querySelector('.charts').before(tools);
  for (const chart of charts) chart.draw();
  let width = 0;  // only a change of it needs another drawing
  new ResizeObserver(([entry]) => {
    if (entry.contentRect.width === width) return;
    width = entry.contentRect.width;
    for (const chart of charts) chart.draw();
  }).observe(document.querySelector('.charts'));
}
}
)js";

}  // namespace attune::tools
