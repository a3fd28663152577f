// What a page without script lacks: tables that sort, and the slider between target and prediction.
'use strict';

for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    button.addEventListener('click', () => sort(table, heads, column));
    head.append(button);
  });
}

// Undefined values stay last in either direction.
function sort(table, heads, column) {
  const head = heads[column];
  const ascending = head.getAttribute('aria-sort') !== 'ascending';
  const numeric = head.classList.contains('num');
  for (const other of heads) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
  const value = (row) => row.cells[column].dataset.v;
  const compare = (a, b) => {
    if (a === '' || b === '') return (a === '') - (b === '');
    const order = numeric ? a - b : a.localeCompare(b, 'en', {numeric: true});
    return ascending ? order : -order;
  };
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort((a, b) => compare(value(a), value(b))));
}

for (const slices of document.querySelectorAll('.slices')) {
  const target = slices.querySelector('.target img');
  for (const stage of slices.querySelectorAll('.prediction .stage')) {
    const over = target.cloneNode();
    over.className = 'over';
    over.alt = '';
    const range = document.createElement('input');
    range.type = 'range';
    range.min = 0;
    range.max = 100;
    range.value = 0;
    range.setAttribute('aria-label', 'How much of the target lies over: ' + stage.querySelector('img').alt);
    const show = () => stage.style.setProperty('--share', range.value + '%');
    range.addEventListener('input', show);
    show();
    stage.append(over, range);
  }
}

document.documentElement.classList.add('script');

// Folded parts belong on paper, too.
addEventListener('beforeprint', () => {
  for (const part of document.querySelectorAll('details:not(#provenance details)')) part.open = true;
});
