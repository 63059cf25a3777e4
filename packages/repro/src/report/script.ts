/** Sorts a table by the column whose head is pressed; the figures to sort by stand in \`data-value\`. */
export const SCRIPT = `
for (const button of document.querySelectorAll('th button')) button.addEventListener('click', () => {
  const head = button.closest('th'), table = head.closest('table'), column = [...head.parentElement.children].indexOf(head);
  const up = head.getAttribute('aria-sort') === 'descending';
  for (const other of head.parentElement.children) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
  const key = (row) => row.children[column].dataset.value ?? row.children[column].textContent;
  const body = table.tBodies[0];
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === '' || y === '') return (x === '') - (y === '');
    const order = Number.isFinite(+x) && Number.isFinite(+y) ? x - y : x.localeCompare(y);
    return up ? order : -order;
  };
  body.append(...[...body.rows].sort(compare));
});
`;
