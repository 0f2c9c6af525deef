import { readFileSync } from 'node:fs';
import type { CustomerCreate } from '../../src/contract/types.ts';

interface Party {
  readonly name: string;
  /** What the name looks like in an address: of the 26 letters. */
  readonly handle: string;
}

/** Where customers live: what belongs together stands together, so that a phone number goes with its city. */
interface Place {
  readonly country: string;
  readonly locale: string;
  readonly timeZone: string;
  /** The beginning of the numbers of this city; where a range is kept for films and examples, of that. */
  readonly phone: string;
  readonly city: string;
  readonly region: string | null;
  readonly postalCode: string | null;
  readonly streets: readonly string[];
  readonly people: readonly Party[];
  readonly organization: Party;
}

const places = JSON.parse(readFileSync(new URL('places.json', import.meta.url), 'utf8')) as Place[];

const tags = [['newsletter'], ['newsletter', 'vip'], ['beta'], [], ['wholesale'], ['trade-fair-2026']];
const tiers = ['gold', 'silver', 'bronze'];
const notes = [null, 'Prefers to be called in the morning.', null, 'Pays by invoice, 30 days.', null];

/** The customers of the demo, the same ones each time: people and one organization of each place, in turns. */
export function demoCustomers(): CustomerCreate[] {
  const rounds = Math.max(...places.map(({ people }) => people.length)) + 1;
  const inTurns = Array.from({ length: rounds }, (_, round) =>
    places.flatMap((place) => {
      const party = [place.organization, ...place.people][round];
      return party ? [{ place, party, round }] : [];
    }),
  );
  return inTurns.flat().map(({ place, party, round }, index) => customerOf(place, party, round, index));
}

function customerOf(place: Place, party: Party, round: number, index: number): CustomerCreate {
  const { country, locale, timeZone, city, region, postalCode, streets, phone } = place;
  return {
    externalId: `crm:${10_001 + index}`,
    type: round === 0 ? 'organization' : 'person',
    name: party.name,
    email: `${party.handle}@example.${index % 3 === 0 ? 'org' : 'com'}`,
    phone: `${phone}${String(10 + ((index * 37) % 90))}`,
    locale,
    timeZone,
    address: {
      line1: streets[round % streets.length] ?? null,
      line2: null,
      city,
      region,
      postalCode,
      country,
    },
    tags: tags[index % tags.length] ?? [],
    note: notes[index % notes.length] ?? null,
    metadata: { tier: tiers[index % tiers.length] ?? 'bronze' },
  };
}
