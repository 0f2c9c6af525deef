/** Gives each control that Swagger UI leaves without a name the one that stands beside it, for who cannot see that. */
export function nameControls(page) {
  for (const row of page.querySelectorAll('tr[data-param-name]')) {
    for (const control of row.querySelectorAll('input, select, textarea'))
      name(control, row.dataset.paramName);
  }
  for (const control of page.querySelectorAll('.opblock-section-request-body :is(textarea, input)')) {
    name(control, 'Request body');
  }
  for (const control of page.querySelectorAll('.examples-select-element')) name(control, 'Example');
  // What scrolls must be reached by the keyboard.
  for (const text of page.querySelectorAll('pre:not([tabindex])')) text.tabIndex = 0;
}

function name(control, text) {
  if (!control.hasAttribute('aria-label')) control.setAttribute('aria-label', text);
}
