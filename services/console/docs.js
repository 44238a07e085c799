import { byId, h } from './dom.js';

const response = await fetch('/v1/openapi.json');
const api = await response.json();
byId('about').append(...prose(api.info.description));

const groups = new Map();
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, route] of Object.entries(methods)) {
    const tag = route.tags?.[0] ?? 'other';
    groups.set(tag, [...(groups.get(tag) ?? []), { path, method, route }]);
  }
}
for (const [tag, routes] of groups) {
  byId('index').append(
    h('h2', {}, tag),
    ...routes.map(({ path, method, route }) =>
      h('a', { href: `#${idOf(method, path)}` }, (route.summary ?? path).replaceAll('`', '')),
    ),
  );
  byId('routes').append(...routes.map(section));
}
document.getElementById(location.hash.slice(1))?.scrollIntoView();

function idOf(method, path) {
  return `${method}${path.replaceAll(/[^a-z0-9]+/gi, '-')}`;
}

function section({ path, method, route }) {
  const id = idOf(method, path);
  const body = Object.entries(route.requestBody?.content ?? {})[0];
  const answers = Object.entries(route.responses).filter(([status]) => status.startsWith('2'));
  return h(
    'section',
    { class: 'route', id, 'aria-labelledby': `${id}-title` },
    h(
      'h3',
      { id: `${id}-title` },
      h('span', { class: 'method mono' }, method.toUpperCase()),
      h('span', { class: 'mono' }, path),
    ),
    h('p', {}, ...prose([route.summary, route.description].filter(Boolean).join('.\n'))),
    ...parameters(route.parameters ?? []),
    ...(body === undefined
      ? []
      : [h('h4', {}, `Body (${body[0]})`), h('pre', { tabindex: 0 }, shape(body[1].schema))]),
    ...answers.flatMap(([status, answer]) => {
      const content = Object.entries(answer.content ?? {})[0];
      return content === undefined
        ? []
        : [
            h('h4', {}, `Answer ${status} (${content[0]})`),
            h('pre', { tabindex: 0 }, shape(content[1].schema)),
          ];
    }),
    h('h4', {}, 'Try it'),
    h('pre', { tabindex: 0 }, example(path, method, body, route)),
  );
}

/** Text in which `this` is code. */
function prose(text) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part));
}

function parameters(list) {
  if (list.length === 0) return [];
  const rows = list.map(({ name, in: place, required, schema, description }) =>
    h(
      'tr',
      {},
      h('td', { class: 'mono' }, name, required ? ' *' : ''),
      h('td', {}, place),
      h('td', {}, kindOf(schema)),
      h('td', {}, description ?? schema?.description ?? ''),
    ),
  );
  const head = ['Parameter', 'In', 'Kind', ''].map((title) => h('th', { scope: 'col' }, title));
  return [h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows))];
}

function kindOf(schema = {}) {
  if (schema.enum !== undefined) return schema.enum.join(' | ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(kindOf).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  return [schema.type, schema.format].filter(Boolean).join(', ') || 'any';
}

/** A schema in the manner of a TypeScript type. */
function shape(schema = {}, indent = '') {
  if (schema.type === 'array') return `${shape(schema.items, indent)}[]`;
  if (schema.type !== 'object') return kindOf(schema);
  const deeper = `${indent}  `;
  const lines = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const mark = (schema.required ?? []).includes(name) ? '' : '?';
    const note = property.description === undefined ? '' : `  // ${property.description}`;
    return `${deeper}${name}${mark}: ${shape(property, deeper)}${note}`;
  });
  if (lines.length === 0) return '{ … }';
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function example(path, method, body, route) {
  const lines = [`curl -s ${location.origin}${path.replaceAll(/\{(\w+)\}/g, '$1')}`];
  if (route.security?.length !== 0)
    lines.push(`  -H "Authorization: Bearer $(cat .tollbook/operator.token)"`);
  if (method !== 'get') lines.push(`  -X ${method.toUpperCase()}`);
  if (body !== undefined) lines.push(`  -H 'Content-Type: ${body[0]}' -d @body`);
  return lines.join(' \\\n');
}
