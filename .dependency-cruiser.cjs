'use strict';

/** A service may import only what stands below it; each rule says why. */
const below = {
  platform: [],
  events: ['platform', 'vault'],
  journal: ['platform'],
  vault: ['platform'],
  records: ['events', 'vault'],
  traffic: ['platform', 'events'],
  ingest: ['platform', 'events', 'journal', 'vault'],
  projections: ['platform', 'events', 'journal', 'vault', 'records'],
  api: ['platform', 'events', 'journal', 'vault', 'ingest', 'projections', 'records'],
  console: [],
  cli: [
    'platform',
    'events',
    'journal',
    'vault',
    'ingest',
    'projections',
    'records',
    'traffic',
    'api',
  ],
};

const layers = Object.entries(below).map(([service, allowed]) => ({
  name: `${service}-imports-only-what-is-below-it`,
  comment: 'DEPENDENCIES: the layers of docs/ARCHITECTURE.md keep a change from reaching upwards',
  severity: 'error',
  from: { path: `^services/${service}/` },
  to: { path: '^services/', pathNot: `^services/(${[service, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'events-takes-only-types-from-the-vault',
      comment: 'the words Domain, Category and SealedGroup; no key ever comes near a schema',
      severity: 'error',
      from: { path: '^services/(events|records)/' },
      to: { path: '^services/vault/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'records-is-pure',
      comment:
        'the assembler takes values and returns values: no clock, no database, no randomness',
      severity: 'error',
      from: { path: '^services/records/' },
      to: {
        dependencyTypesNot: ['type-only', 'local', 'aliased', 'aliased-subpath-import'],
        pathNot: '^services/records/',
      },
    },
    {
      name: 'adapters-only-where-things-are-wired',
      comment: 'code that names an adapter cannot run on the other one',
      severity: 'error',
      from: { path: '^services/', pathNot: '^services/(cli|journal|vault)/' },
      to: { path: '^services/(journal/(postgres|kurrentdb)|vault/custodian)/' },
    },
    {
      name: 'no-cycles',
      comment: 'a cycle means two files are one idea cut in the wrong place',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'product-never-imports-tests',
      comment: 'what only tests need must not ship',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^test/' },
    },
    {
      name: 'resolvable',
      comment: 'an import that does not resolve is not checked by any other rule',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json'],
    },
  },
};
