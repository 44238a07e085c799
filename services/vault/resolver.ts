import type { Directories, Directory } from './directory/directories.ts';
import type { Category, Identifier, SealRequest } from './port.ts';
import type { Scopes, ScopeCache, ScopeWanted } from './scopes.ts';
import type { SlotCache } from './slot-cache.ts';

/** Identifiers of which a batch learned that nothing before a time may be sealed: key -> time (µs). */
export interface Batch {
  readonly erased: Map<string, number>;
}

/** Place of a slot in the cache, or why there is none. */
export const ERASED = -2;
export const UNKNOWN = -1;

interface MissingSlots {
  readonly request: SealRequest;
  readonly latest: Map<string, number>;
}

/** What must be read or made before a batch can be sealed. */
export interface Missing {
  readonly scopes: Map<string, ScopeWanted>;
  readonly directories: Map<string, SealRequest>;
  readonly slots: Map<number, MissingSlots>;
}

/** Turns the names in requests into keys in hand. */
export interface Resolver {
  begin(): Batch;
  /** Undefined when everything is cached; it then stays so until the next await. */
  missing(requests: readonly SealRequest[], batch: Batch): Missing | undefined;
  load(missing: Missing, batch: Batch): Promise<void>;
  scopes(request: SealRequest, category: Category): Scopes | undefined;
  directory(request: SealRequest): Directory | undefined;
  slot(directory: Directory, identifier: Identifier, request: SealRequest, batch: Batch): number;
}

export interface ResolverOptions {
  readonly slots: SlotCache;
  readonly scopes: ScopeCache;
  readonly directories: Directories;
}

export function createResolver({ slots, scopes, directories }: ResolverOptions): Resolver {
  const erasedKey = (directory: Directory, identifierKey: string) =>
    `${directory.index} ${identifierKey}`;

  const resolver: Resolver = {
    begin: () => ({ erased: new Map() }),

    scopes: (request, category) => scopes.get(scopesKey(request, category)),

    directory: ({ domain, month }) => directories.get(domain, month),

    slot(directory, identifier, request, batch) {
      if (directory.place === undefined) return ERASED;
      const place = slots.find(directory.index, identifier.key);
      if (place >= 0) return request.occurredAt < slots.from(place) ? ERASED : place;
      if (batch.erased.size === 0) return UNKNOWN;
      const erasedAt = batch.erased.get(erasedKey(directory, identifier.key));
      return erasedAt !== undefined && request.occurredAt < erasedAt ? ERASED : UNKNOWN;
    },

    missing(requests, batch) {
      for (;;) {
        const { rotations } = slots;
        const missing: Missing = { scopes: new Map(), directories: new Map(), slots: new Map() };
        for (const request of requests) collect(resolver, request, batch, missing);
        if (missing.scopes.size + missing.directories.size + missing.slots.size > 0) return missing;
        // Finding the last ones may have moved the first ones out: then they are asked for again.
        if (slots.rotations === rotations) return undefined;
      }
    },

    async load(missing, batch) {
      if (missing.scopes.size > 0) await scopes.load(missing.scopes);
      for (const { domain, month } of missing.directories.values()) {
        await directories.load(domain, month);
      }
      for (const { request, latest } of missing.slots.values()) {
        const directory = directories.get(request.domain, request.month);
        if (directory?.place === undefined) continue;
        const sightings = [...latest].map(([identifierKey, at]) => ({ identifierKey, latest: at }));
        const found = await directories.resolve(directory.place, sightings);
        for (const [identifierKey, resolved] of found) {
          if (resolved.state === 'erased') {
            batch.erased.set(erasedKey(directory, identifierKey), resolved.erasedAt);
          } else {
            slots.put(directory.index, identifierKey, resolved);
          }
        }
        // Two identifiers may have been given the same one.
        for (const resolved of found.values()) if (resolved.state === 'slot') resolved.key.fill(0);
      }
    },
  };
  return resolver;
}

function scopesKey({ domain, month, accountId }: SealRequest, category: Category): string {
  return `${month}/${category}/${domain.retentionClass}/${accountId}`;
}

function collect(resolver: Resolver, request: SealRequest, batch: Batch, missing: Missing): void {
  let category: Category | undefined;
  for (const box of request.boxes) {
    if (box.category !== category) {
      category = box.category;
      if (resolver.scopes(request, category) === undefined) {
        const { domain, month, accountId } = request;
        const wanted = { retentionClass: domain.retentionClass, month, category, accountId };
        missing.scopes.set(scopesKey(request, category), wanted);
      }
    }
    if (box.identifiers.length > 0)
      collectSlots(resolver, request, box.identifiers, batch, missing);
  }
}

function collectSlots(
  resolver: Resolver,
  request: SealRequest,
  identifiers: readonly Identifier[],
  batch: Batch,
  missing: Missing,
): void {
  const directory = resolver.directory(request);
  if (directory === undefined) {
    const { controller, retentionClass } = request.domain;
    missing.directories.set(`${request.month}/${retentionClass}/${controller}`, request);
    return;
  }
  for (const identifier of identifiers) {
    if (resolver.slot(directory, identifier, request, batch) !== UNKNOWN) continue;
    let ofDirectory = missing.slots.get(directory.index);
    if (ofDirectory === undefined) {
      ofDirectory = { request, latest: new Map() };
      missing.slots.set(directory.index, ofDirectory);
    }
    const latest = ofDirectory.latest.get(identifier.key) ?? -Infinity;
    ofDirectory.latest.set(identifier.key, Math.max(latest, request.occurredAt));
  }
}
