import type { Choice, Command, ListChoice, Tag } from './command-sequences.ts';
import { createCustomerModel } from './customer-model.ts';
import type { LockstepServices } from './lockstep.ts';
import type { ListRequest, ListSelection, ModelRequest } from './model-requests.ts';

/** When every sequence begins. */
const startMs = Date.parse('2026-03-14T09:26:53.000Z');

/** Ids that a PUT may choose, beside those that the service has made. */
const chosenIds = [1, 2, 3].map((digit) => `c0ffee00-0000-4000-8000-00000000000${digit}`);

/** Does a sequence on both databases and in the model, and compares every answer. */
export async function runSequence(services: LockstepServices, commands: readonly Command[]): Promise<void> {
  await services.empty();
  const model = createCustomerModel(services);
  const keyed: ModelRequest[] = [];
  const lists: { readonly step: number; readonly request: ListRequest }[] = [];
  let now = startMs;
  for (const [step, { elapsedMs, choice }] of commands.entries()) {
    now += elapsedMs;
    const request = requestFor(choice);
    const moment = { step, now, newId: `01900000-0000-7000-8000-${String(step).padStart(12, '0')}` };
    const expected = model.answer(request, moment);
    const history = `step ${step} of ${commands.length}: ${JSON.stringify(request)}`;
    await services.compare(request, moment, expected, history);
    if ('key' in request && request.key !== undefined) keyed.push(request);
    if (request.operation === 'list' && expected.text?.includes('"nextCursor":"'))
      lists.push({ step, request });
  }
  const everyone = everyCustomer();
  const last = { step: commands.length, now, newId: '' };
  await services.compare(everyone, last, model.answer(everyone, last), 'every customer after the last step');

  function requestFor(choice: Choice): ModelRequest {
    switch (choice.kind) {
      case 'create':
        return { operation: 'create', ...choice };
      case 'replace': {
        const id = targetOf(choice.target);
        const ifNoneMatch = choice.onlyIfNew ? '*' : undefined;
        const ifMatch = choice.onlyIfNew ? undefined : tagFor(id, choice.tag);
        return { operation: 'replace', id, ...choice, ifMatch, ifNoneMatch };
      }
      case 'update': {
        const id = targetOf(choice.target);
        const { patch: body, validateOnly } = choice;
        return { operation: 'update', id, body, validateOnly, ifMatch: tagFor(id, choice.tag) };
      }
      case 'delete': {
        const id = targetOf(choice.target);
        return { operation: 'delete', id, ifMatch: tagFor(id, choice.tag) };
      }
      case 'restore': {
        const id = targetOf(choice.target);
        return { operation: 'restore', id, ifMatch: tagFor(id, choice.tag), key: choice.key };
      }
      case 'get': {
        const id = targetOf(choice.target);
        return { operation: 'get', id, ifNoneMatch: tagFor(id, choice.tag) };
      }
      case 'list':
        return listFor(choice);
      case 'nextPage':
        return nextPage(choice) ?? everyCustomer();
      case 'repeat':
        return keyed.at(choice.earlier % (keyed.length || 1)) ?? everyCustomer();
    }
  }

  /** Mostly a customer that there is, deleted or not; else an id that may be nobody's. */
  function targetOf(number: number): string {
    const ids = model.ids();
    const among = number < 2 || ids.length === 0 ? chosenIds : ids;
    return among[number % among.length] ?? '';
  }

  function tagFor(id: string, tag: Tag): string | undefined {
    const version = model.tagOf(id) ?? 1;
    const tags: Record<Tag, string | undefined> = {
      none: undefined,
      current: `"${version}"`,
      stale: `"${version - 1}"`,
      weak: `W/"${version}"`,
      any: '*',
      several: `"${version + 1}", "${version}"`,
      malformed: `${version}`,
    };
    return tags[tag];
  }

  function listFor({ filters, sort, limit, includeTotal }: ListChoice): ListRequest {
    const texts = Object.entries(filters).map(([name, value]) => [name, filterText(name, value)]);
    const selection: ListSelection = { filters: Object.fromEntries(texts), sort };
    return { operation: 'list', selection, limit, includeTotal, after: undefined };
  }

  function filterText(name: string, value: ListChoice['filters'][string]): string {
    if (typeof value === 'string') return value;
    if (typeof value !== 'number') return value.map(targetOf).join(',');
    return timeText(startMs + value, name === 'createdBefore');
  }

  function nextPage({ earlier, foreign }: Extract<Choice, { kind: 'nextPage' }>): ListRequest | undefined {
    const previous = lists.at(-1 - (earlier % (lists.length || 1)));
    if (!previous) return undefined;
    const { selection } = previous.request;
    const sort = foreign ? (selection.sort === 'name' ? '-name' : 'name') : selection.sort;
    return { ...previous.request, selection: { ...selection, sort }, after: previous.step };
  }
}

function everyCustomer(): ListRequest {
  const selection = { filters: { includeDeleted: 'true' }, sort: 'createdAt' };
  return { operation: 'list', selection, limit: 100, includeTotal: true, after: undefined };
}

/** A time with as many digits as it needs, in UTC or with an offset. */
function timeText(ms: number, withOffset: boolean): string {
  const whole = Math.floor(ms);
  const fraction = ms === whole ? '' : '5';
  const shift = withOffset ? 2 * 3_600_000 : 0;
  const text = new Date(whole + shift).toISOString().slice(0, -1);
  return `${text}${fraction}${withOffset ? '+02:00' : 'Z'}`;
}
