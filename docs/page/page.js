/**
 * Draws the contract that this very service answers, with Swagger UI, and sends what a person tries to this service.
 * A credential is kept in memory alone: it is gone when the page is.
 */
import { guideOf, withoutFilledInExamples } from './contract-for-reading.js';
import { nameControls } from './name-controls.js';

const page = document.querySelector('#contract');
const contract = await readContract();
document.querySelector('#version').textContent = contract.info.version;

followTheme();
const credential = keepCredential();
new MutationObserver(() => nameControls(page)).observe(page, { childList: true, subtree: true });

globalThis.SwaggerUIBundle({
  domNode: page,
  spec: withoutFilledInExamples(contract),
  layout: 'Page',
  plugins: [pageLayout(guideOf(contract)), withoutTheirCredentials, plainHeadings],
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Nothing leaves for elsewhere, and nothing is kept.
  validatorUrl: null,
  persistAuthorization: false,
  requestInterceptor(request) {
    const own = new URL(request.url, location.href).origin === location.origin;
    if (own && credential.token) request.headers.Authorization = `Bearer ${credential.token}`;
    if (request.headers.accept === 'text/event-stream') request.userFetch = fetchBeginning;
    return request;
  },
});

async function readContract() {
  const response = await fetch('openapi.json');
  if (response.ok) return await response.json();
  page.textContent = `The service answered ${response.status} when asked for its contract.`;
  throw new Error(page.textContent);
}

/** The order of the page: what it is, how it works, what can be asked, what comes and goes. */
function pageLayout({ introduction, sections }) {
  return ({ React: { createElement: h } }) => ({
    components: {
      Page({ getComponent }) {
        const Markdown = getComponent('Markdown', true);
        const guide = sections.map(({ title, text }) =>
          h('details', { key: title }, h('summary', null, title), h(Markdown, { source: text })),
        );
        return h(
          'div',
          { className: 'swagger-ui' },
          h(
            'section',
            { className: 'about', 'aria-label': 'About' },
            h(Markdown, { source: introduction }),
            h('h2', null, 'How it works'),
            guide,
          ),
          h(
            'section',
            { className: 'asked', 'aria-label': 'Operations' },
            h(getComponent('errors', true)),
            h(getComponent('operations', true)),
            h(getComponent('Models', true)),
          ),
        );
      },
    },
  });
}

/** The one credential goes into the head of the page, instead of a dialog and a lock for each operation. */
function withoutTheirCredentials() {
  return { components: { authorizeBtn: () => null, authorizeOperationBtn: () => null } };
}

/** A link inside a button is neither for the keyboard. The address still follows what is opened. */
function plainHeadings({ React: { createElement: h } }) {
  return { components: { DeepLink: ({ text }) => h('span', null, text) } };
}

/** What comes of a stream within a few seconds: all of it would be waited for without end, and nothing shown. */
async function fetchBeginning(url, options) {
  const stream = await fetch(url, options);
  const reader = stream.body.getReader();
  const timer = setTimeout(() => reader.cancel(), 3000);
  const chunks = [];
  for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
  clearTimeout(timer);
  const { status, statusText, headers } = stream;
  const beginning = new Response(new Blob(chunks), { status, statusText, headers });
  return Object.defineProperty(beginning, 'url', { value: stream.url });
}

function keepCredential() {
  const kept = { token: '' };
  const form = document.querySelector('#credential');
  const state = document.querySelector('#credential-state');
  const input = document.querySelector('#token');
  const keep = (token, text) => {
    kept.token = token;
    state.textContent = text;
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const token = input.value.trim();
    keep(
      token,
      token ? 'Sent with each request until this page is left.' : 'Requests are sent without a credential.',
    );
  });
  form.addEventListener('reset', () => keep('', 'Requests are sent without a credential.'));
  return kept;
}

/** As the system has it, until somebody presses the button. */
function followTheme() {
  const button = document.querySelector('#theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen;
  const show = () => {
    const dark = chosen ?? system.matches;
    document.documentElement.classList.toggle('dark-mode', dark);
    document.documentElement.classList.toggle('light-mode', !dark);
    button.setAttribute('aria-pressed', String(dark));
  };
  button.addEventListener('click', () => {
    chosen = !(chosen ?? system.matches);
    show();
  });
  system.addEventListener('change', show);
  show();
}
