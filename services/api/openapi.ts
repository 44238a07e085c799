import swagger from '@fastify/swagger';
import type { RouteOptions } from 'fastify';
import { Type } from 'typebox';
import type { Api } from './fastify.ts';
import { PROBLEMS } from './problem.ts';

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'urn:tollbook:problem: and the code' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ enum: Object.keys(PROBLEMS) }),
    detail: Type.String({
      description: 'What happened and what to do. Holds nothing of the request.',
    }),
    requestId: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object({ at: Type.String(), message: Type.String() }))),
  },
  { description: 'RFC 9457 problem, sent as application/problem+json.' },
);

const INFO = {
  title: 'tollbook',
  version: '1',
  description:
    'A ledger of communications records. Times are ISO 8601 in UTC with microseconds. Numbers are sealed: lists show them masked, ' +
    'and opening them takes a role, a purpose and leaves an access record first. Cursors are opaque; pass them back as they came, ' +
    'with the same filters. Telephone numbers belong in request bodies, never in a URL.',
};

/** Generates OpenAPI 3.1 from the route schemas; the document itself is at /v1/openapi.json. */
export async function describeApi(app: Api): Promise<void> {
  app.addHook('onRoute', addProblems);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      servers: [{ url: '/', description: 'this server' }],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description:
              'A local token (`tollbook token create`) or a JWT of the configured OIDC issuer.',
          },
        },
      },
      security: [{ token: [] }],
    },
    hideUntagged: true,
  });
}

/** Every described route can answer with a problem, and says which permission it asks for. */
function addProblems(route: RouteOptions): void {
  const { schema } = route;
  if (schema === undefined || schema.hide === true) return;
  const permission = route.config?.permission ?? 'public';
  const note =
    permission === 'public' ? 'Needs no token.' : `Needs the permission \`${permission}\`.`;
  const problem = {
    description: 'Problem',
    content: { 'application/problem+json': { schema: ProblemSchema } },
  };
  const response =
    typeof schema.response === 'object' && schema.response !== null ? schema.response : {};
  route.schema = {
    ...schema,
    description: [schema.description, note].filter((part) => part !== undefined).join('\n\n'),
    ...(permission === 'public' ? { security: [] } : {}),
    response: { ...response, '4xx': problem, '5xx': problem },
  };
}
