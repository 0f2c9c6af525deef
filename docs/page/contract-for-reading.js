/** The description of a contract as an introduction and the sections that follow it, each with its title. */
export function guideOf(contract) {
  const [introduction = '', ...rest] = (contract.info.description ?? '').split(/^## /m);
  const sections = rest.map((text) => {
    const [title = '', ...lines] = text.split('\n');
    return { title, text: lines.join('\n') };
  });
  return { introduction, sections };
}

/**
 * The contract with the examples of its parameters told in their descriptions. Swagger UI would fill them in: a first
 * try would be `validateOnly`, or ask for the page behind a cursor of nobody, or repeat an Idempotency-Key.
 */
export function withoutFilledInExamples(contract) {
  const changed = structuredClone(contract);
  const items = Object.values(changed.paths).flatMap((path) => [path, ...Object.values(path)]);
  const parameters = [...Object.values(changed.components.parameters ?? {})].concat(
    ...items.map((item) => item.parameters ?? []),
  );
  for (const parameter of parameters) if (!parameter.$ref) tellExample(parameter, changed);
  return changed;
}

function tellExample(parameter, contract) {
  const { example: ofSchema, ...schema } = resolved(parameter.schema ?? {}, contract);
  const example = parameter.example ?? ofSchema;
  parameter.schema = schema;
  delete parameter.example;
  if (example === undefined) return;
  const text = Array.isArray(example) ? example.join(',') : String(example);
  parameter.description = `${(parameter.description ?? '').trim()}\n\nFor example \`${text}\``;
}

function resolved(schema, contract) {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(schema.$ref ?? '')?.[1];
  return name ? resolved(contract.components.schemas[name], contract) : schema;
}
