import { randomFrom } from './random.ts';

/** The searchable members of a customer. */
export interface SearchedCustomer {
  readonly name: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly externalId: string | null;
}

/** Given and family names by script, and how they are joined. */
const scripts: Readonly<Record<string, { given: string; family: string; join: string }>> = {
  western: {
    given:
      'Zoë François José Anaïs Jörg Siân Núria Łukasz Şule Ðorđe Þórunn Søren Åsa Ægir Œdipe Straßmann İlkay Işıl ' +
      'Žofie Nguyễn Ștefan Ġorġ',
    family:
      'Müller Strauß Łódzki Çelik Ångström Dvořák Ibáñez Kovačević Ørsted Þorsteinsson Đặng Ħaber Nuñez Ǆon ﬁnch ' +
      'Ａｄａｍｓ Iyıgün d’Œuvre O’Néill',
    join: ' ',
  },
  cyrillic: {
    given: 'Владимир Юлия Сергей Алёна Ґалина Їжакевич Ђорђе Љубица Өнөр Ўктам Ирина Пётр',
    family: 'Достоевский Щербакова Йовановић Шевченко Ёлкин Ћирић Ғафуров Њежић Соловьёв Ющенко',
    join: ' ',
  },
  greek: {
    given: 'Ὀδυσσεύς Γιώργος ΑΛΈΞΑΝΔΡΟΣ Ελένη Ιωάννης Σοφία Μαΐα Ξένια Ἀχιλλεύς',
    family: 'Παπαδόπουλος Καζαντζάκης Θεοδωράκης ΣΤΑΜΆΤΗΣ Βενιζέλος Ψαρρός Μητσοτάκης',
    join: ' ',
  },
  arabic: {
    given: 'أحمد فاطمة إبراهيم مُحَمَّد خديجة عبد‌الله آمنة يوسف مـريـم',
    family: 'المنصور الخوارزمي بن‌سينا القرآني الأندلسي هاشمی گلستانی',
    join: ' ',
  },
  han: {
    given: '伟 芳 秀英 子涵 明轩 太郎 さくら ガブリエル 慶次',
    family: '王 欧阳 司馬 諸葛 山田 渡邊 髙橋 𠮷野',
    join: '',
  },
  hangul: { given: '민준 서연 지우 하은 각하 가온 현', family: '김 이 박 최 남궁 황보 강', join: '' },
  indic: { given: 'राम रमा सीता กมลา ปิยะ', family: 'शर्मा वर्मा चักร ใจดี', join: ' ' },
  emoji: {
    given: 'Luna🌙 👩‍💻Ada 🐱Cat Kai🏄🏽‍♂️ ❤️Rosa 🇪🇹Sara',
    family: '🚀Labs ☕️Corner 👨‍👩‍👧‍👦Homes ✨✨✨ Bäckerei🥐',
    join: ' ',
  },
  hostile: {
    given: '100% under_score "quoted" back\\slash star* caret^ colon: (paren) a-b C++ AND NOT',
    family: 'OR NEAR O\'Hara semi;colon --comment tab\there [class] {brace} dollar$1 %_% ""',
    join: ' ',
  },
};

/** Every given name with every family name of its script, some with an email, phone and externalId. */
export function searchCorpus(): SearchedCustomer[] {
  const random = randomFrom('search corpus');
  const names = Object.values(scripts).flatMap(({ given, family, join }) =>
    given.split(' ').flatMap((first) => family.split(' ').map((last) => `${first}${join}${last}`)),
  );
  return names.map((name, index) => ({
    // Some as typed, some decomposed into letters and accents, as some systems send them.
    name: random.integer(0, 4) === 0 ? name.normalize('NFD') : name,
    email: random.boolean() ? `${random.pick(mailboxes)}${index}@${random.pick(domains)}` : null,
    phone: random.integer(0, 2) === 0 ? `+49301${String(index).padStart(6, '0')}` : null,
    externalId: random.integer(0, 2) === 0 ? `${random.pick(['crm', 'ERP', 'a.b_c-'])}:${index}` : null,
  }));
}

const mailboxes = ['zoë', 'J.Müller', 'info', 'o_hara', 'ВЛАДИМИР', 'sales+de', 'straße'];
const domains = ['example.com', 'Example.ORG', 'bücher.example', 'почта.example'];

/** Differences that a search ignores, listed independently of the program. */
const sameLetters: readonly (readonly [RegExp, string])[] = [
  [/[ßẞ]/g, 'ss'],
  [/[æ]/g, 'ae'],
  [/[œ]/g, 'oe'],
  [/ø/g, 'o'],
  [/ł/g, 'l'],
  [/[đð]/g, 'd'],
  [/þ/g, 'th'],
  [/ħ/g, 'h'],
  [/ŧ/g, 't'],
  [/ı/g, 'i'],
  [/ς/g, 'σ'],
  [/[\t\n\r]/g, ' '],
  // Joiners, variation selectors and Arabic tatweel.
  [/\u200c|\u200d|\ufe0f|\u0640|\u00ad/g, ''],
];

/** The reference implementation: positions in the corpus of the customers that contain a term. */
export function plainSearch(corpus: readonly SearchedCustomer[], term: string): number[] {
  const wanted = plainForm(term);
  return corpus.flatMap(({ name, email, phone, externalId }, index) =>
    [name, email, phone, externalId].some((text) => text !== null && plainForm(text).includes(wanted))
      ? [index]
      : [],
  );
}

export function plainForm(text: string): string {
  // Vowels of Indic and Thai scripts are marks too, but not accents.
  const bare = [...text.normalize('NFKD')].filter(
    (letter) => !/\p{M}/u.test(letter) || /[\u0900-\u0dff\u0e00-\u0eff]/.test(letter),
  );
  return sameLetters.reduce(
    (folded, [letters, same]) => folded.replace(letters, same),
    bare.join('').toLowerCase(),
  );
}
