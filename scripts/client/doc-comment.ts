const widthMax = 110;

/** A docstring of plain text; the contract's own line breaks are no meaning, its blank lines are. */
export function docComment(text: string, indent = ''): string {
  const paragraphs = text
    .trim()
    .replaceAll('*/', '*\u200b/')
    .split(/\n{2,}/);
  const width = widthMax - indent.length - ' * '.length;
  const lines = paragraphs.flatMap((paragraph, index) => [
    ...(index > 0 ? [''] : []),
    ...wrapped(paragraph, width),
  ]);
  const [only = ''] = lines;
  if (lines.length === 1 && only.length + '/**  */'.length <= width) return `${indent}/** ${only} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}

function wrapped(paragraph: string, width: number): string[] {
  // A list keeps its items on lines of their own.
  return paragraph.split(/\n(?=- )/).flatMap((part) => {
    const lines: string[] = [];
    for (const word of part.split(/\s+/)) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= width)
        lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    return lines;
  });
}
