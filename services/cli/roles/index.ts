import type { Role } from './role.ts';

/** One process each; a role loads what it needs and nothing of the others. */
export const roles: Readonly<Record<string, () => Promise<Role>>> = {
  api: async () => (await import('./api.ts')).apiRole,
  ingest: async () => (await import('./ingest.ts')).ingestRole,
  project: async () => (await import('./project.ts')).projectRole,
  traffic: async () => (await import('./traffic.ts')).trafficRole,
};

export const roleNames: readonly string[] = Object.keys(roles);
