/** Words and phrases that `npm run lint:prose` rejects. A space in a pattern also matches a line break. */
export interface RejectedWord {
  readonly pattern: RegExp;
  /** What to write instead, as the report shows it. */
  readonly instead: string;
}

export const rejectedWords: readonly RejectedWord[] = [
  { pattern: /\banew\b/, instead: 'again' },
  { pattern: /\bas ever\b/, instead: 'as always, or nothing' },
  { pattern: /\bbe it\b/, instead: 'whether it is' },
  { pattern: /\bbegun\b/, instead: 'started' },
  { pattern: /\bbeside\b/, instead: 'next to, or while' },
  { pattern: /\bcame to\b/, instead: 'was, cost or took' },
  { pattern: /\bcares? for\b/, instead: 'handles' },
  {
    pattern: /\bfor (?:he|it|they|nobody|whoever) (?:is|are|was|were|has|have|can|cannot|would|does)\b/,
    instead: 'because',
  },
  { pattern: /, for (?:he|it|they|nobody|whoever|what) /, instead: 'because' },
  {
    pattern: /, for (?:the|a|an|no|each) (?:\w+ )?(?:is|are|was|were|has|have|can|cannot|would|does)\b/,
    instead: 'because',
  },
  { pattern: /\b(?:go|goes|going|went|gone) on\b/, instead: 'continues' },
  { pattern: /\bheld against\b/, instead: 'checked against, or compared with' },
  { pattern: /(?<!may or )\bmay not\b/, instead: 'must not, cannot or might not' },
  { pattern: /\bmend(?:s|ed|ing)?\b/, instead: 'fix or repair' },
  { pattern: /\bno such\b/, instead: 'none, or what is missing' },
  {
    pattern: /\b(?:nobody|somebody)\b/,
    instead: 'the person or program that is meant, or the passive voice',
  },
  { pattern: /\bof late\b/, instead: 'recently' },
  { pattern: /\bone may\b/, instead: 'you can' },
  { pattern: /\bstand(?:s|ing)? (?:in|before|there|beside|twice|once)\b/, instead: 'is' },
  { pattern: /\b(?:tell|tells|told|telling)\b/, instead: 'reports, shows, says or means' },
  { pattern: /\bthereof\b/, instead: 'of it' },
  { pattern: /\bto be had\b/, instead: 'available' },
  { pattern: /\bwhat (?:becomes?|became|has become) of\b/, instead: 'what happens to, or the result of' },
  { pattern: /, whatever (?:its?|the|their)\b/, instead: 'any, all or regardless of' },
  { pattern: /\bwhich is as many as\b/, instead: 'the number' },
  { pattern: /\bwhoever\b/, instead: 'the caller, the operator or anyone who' },
];
