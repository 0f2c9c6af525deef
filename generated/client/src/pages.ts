// Copied from scripts/client/runtime/pages.ts by `npm run generate`. Never edited here.

import { Call } from './call.ts';
import type { Answer } from './reply.ts';

interface PageOf<Item> {
  readonly items: readonly Item[];
}

/** A list: await it for its first page, or go through all items with `for await`. */
export class Pages<Page extends PageOf<Item>, Item> extends Call<Page> implements AsyncIterable<Item> {
  readonly #next: (page: Page) => Promise<Answer<Page>> | undefined;

  constructor(first: Promise<Answer<Page>>, next: (page: Page) => Promise<Answer<Page>> | undefined) {
    super(first);
    this.#next = next;
  }

  /** Page by page: each is asked for when the one before has been dealt with. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    let page: Answer<Page> = await this.withReply();
    yield page.data;
    for (;;) {
      const next = page.data.items.length === 0 ? undefined : this.#next(page.data);
      if (!next) return;
      page = await next;
      yield page.data;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* page.items;
  }
}
