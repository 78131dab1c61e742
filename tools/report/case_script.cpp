// The pictures of report.html: a line to drag across each, and what stands to its left and to its right.
#include "tools/report/page_parts.h"

namespace attune::tools {

const char* const case_script = R"js('use strict';
{
const VIEWS = ['composite', 'mask', 'harmonized', 'real'];
const SIDES = {left: 'composite', right: 'harmonized'};  // at first

class Comparison {
  constructor(card) {
    this.frame = card.querySelector('.frame');
    this.slider = document.createElement('input');
    Object.assign(this.slider, {type: 'range', min: 0, max: 100, value: 50});
    this.slider.setAttribute('aria-label', 'where the left picture ends');
    this.slider.addEventListener('input', () => this.cut());
    const handle = document.createElement('div');
    handle.className = 'handle';
    this.frame.append(this.slider, handle);
    this.listen();
    this.addSelects(card);
    this.cut();
  }

  // The frame takes the pointer, since a range's own thumb is not where the line is; the range takes the keys.
  listen() {
    let before = 50;
    const move = event => {
      const box = this.frame.getBoundingClientRect();
      this.slider.value = 100 * (event.clientX - box.left) / box.width;
      this.cut();
    };
    this.frame.addEventListener('pointerdown', event => {
      if (event.button !== 0) return;
      event.preventDefault();  // else the picture itself is dragged
      before = this.slider.value;
      this.frame.setPointerCapture(event.pointerId);
      this.slider.focus({preventScroll: true, focusVisible: false});
      move(event);
    });
    this.frame.addEventListener('pointermove', event => {
      if (this.frame.hasPointerCapture(event.pointerId)) move(event);
    });
    this.frame.addEventListener('pointercancel', () => {  // the finger scrolls the page
      this.slider.value = before;
      this.cut();
    });
  }

  addSelects(card) {
    const row = document.createElement('div');
    row.className = 'sides';
    this.selects = {};
    for (const side of Object.keys(SIDES)) {
      const select = document.createElement('select');
      select.setAttribute('aria-label', side + ' picture');
      select.append(...VIEWS.map(name => new Option(name, name)));
      select.addEventListener('change', () => this.show(side, select.value));
      this.selects[side] = select;
      row.append(select);
      this.show(side, SIDES[side]);
    }
    card.append(row);
  }

  cut() { this.frame.style.setProperty('--cut', this.slider.value + '%'); }

  show(side, name) {
    this.selects[side].value = name;
    for (const view of this.frame.querySelectorAll('.view'))
      view.classList.toggle(side, view.dataset.view === name);
  }
}

// Buttons that choose one side of every picture.
function choice(side, comparisons) {
  const group = document.createElement('div'), label = document.createElement('span');
  group.className = 'choice';
  group.setAttribute('role', 'group');
  group.setAttribute('aria-label', side + ' of the line, in every picture');
  label.textContent = side;
  const press = name => {
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === name));
    for (const comparison of comparisons) comparison.show(side, name);
  };
  const buttons = VIEWS.map(name => {
    const button = document.createElement('button');
    Object.assign(button, {type: 'button', textContent: name});
    button.addEventListener('click', () => press(name));
    return button;
  });
  group.append(label, ...buttons);
  press(SIDES[side]);
  return group;
}

const comparisons = [...document.querySelectorAll('.case')].map(card => new Comparison(card));
if (comparisons.length) {
  const tools = document.createElement('div');
  tools.className = 'tools';
  tools.append(...Object.keys(SIDES).map(side => choice(side, comparisons)));
  document.querySelector('#cases h3').before(tools);
}
}
)js";

}  // namespace attune::tools
