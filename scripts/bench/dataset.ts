/** The customers that everything is measured with: the same for every server, by number. */
import type { CustomerCreate } from '../../src/contract/types.ts';

/** When customer 0 was made. Each further one came a second later. */
const firstAtMs = Date.UTC(2024, 0, 1);

/** Held by a tenth of all customers; the rare one by `rareHolders` of the oldest in a data set of any size. */
export const commonTerm = 'nordstern';
export const rareTerm = 'quillfeather';
const rareHolders = 50;

export const commonTag = 'retail';
/** A tag of a few customers, in a data set of any size. */
export const rareTag = 'founder';

/** Ids of version 7, made from the number alone, so that any of them can be asked for. */
export function idOf(index: number): string {
  const time = createdAtMs(index).toString(16).padStart(12, '0');
  const random = scramble(index).toString(16).padStart(8, '0');
  const serial = index.toString(16).padStart(11, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${serial.padStart(12, '0')}`;
}

export function createdAtMs(index: number): number {
  return firstAtMs + index * 1000;
}

/** A customer as callers send one: some 400 bytes of JSON. */
export function customerOf(index: number): CustomerCreate {
  const pick = <T>(values: readonly T[], salt: number) =>
    values[scramble(index * 7 + salt) % values.length] as T;
  const last = pick(lastNames, 2);
  const names = [pick(firstNames, 1), last];
  if (index % 10 === 3) names.push('Nordstern');
  if (index < rareHolders) names.push('Quillfeather');
  return {
    externalId: externalIdOf(index),
    type: index % 5 === 0 ? 'organization' : 'person',
    name: `${names.join(' ')} ${scramble(index).toString(36)}`,
    email: emailOf(index),
    phone: phoneOf(index),
    locale: pick(['de-DE', 'en-GB', 'fr-FR', 'pl-PL'], 3),
    timeZone: pick(['Europe/Berlin', 'Europe/London', 'Europe/Paris', 'Europe/Warsaw'], 3),
    address: {
      line1: `${pick(streets, 4)} ${1 + (scramble(index + 5) % 180)}`,
      line2: null,
      city: pick(['Berlin', 'London', 'Lyon', 'Łódź'], 3),
      region: null,
      postalCode: String(10_000 + (scramble(index + 6) % 80_000)),
      country: pick(['DE', 'GB', 'FR', 'PL'], 3),
    },
    status: index % 20 === 7 ? 'inactive' : 'active',
    tags: [index % 3 === 0 ? commonTag : 'wholesale', ...(index < rareHolders ? [rareTag] : [])],
    metadata: { segment: `s${index % 12}` },
  };
}

export const emailOf = (index: number) => `c${index}.${scramble(index).toString(36)}@example.com`;
export const externalIdOf = (index: number) => `crm-${index}`;
export const phoneOf = (index: number) => `+49${(30_000_000_000 + index).toString()}`;

/** A number below 2^32 that looks like chance (the finalizer of MurmurHash3). */
export function scramble(value: number): number {
  let mixed = (value + 0x9e3779b9) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const firstNames = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Alan', 'Katherine', 'Jürgen', 'Zofia', 'Émile'];
const lastNames = ['Lovelace', 'Hopper', 'Dijkstra', 'Liskov', 'Müller', 'Nowak', 'Lefèvre', 'Okafor', 'Kim'];
const streets = ['Hauptstraße', 'High Street', 'Rue de la Paix', 'Piotrkowska', 'Mill Lane', 'Am Hang'];
