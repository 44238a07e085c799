import { apiRole } from './api.ts';
import { ingestRole } from './ingest.ts';
import { projectRole } from './project.ts';
import type { Role } from './role.ts';
import { trafficRole } from './traffic.ts';

/** One process each. */
export const roles: Readonly<Record<string, Role>> = {
  api: apiRole,
  ingest: ingestRole,
  project: projectRole,
  traffic: trafficRole,
};

export const roleNames: readonly string[] = Object.keys(roles);
