import { isSupportedCountry } from 'libphonenumber-js/max';
import type { Domain } from '#vault';
import { IngestError } from './errors.ts';

/** What is known of a source besides its name, which the credential or topic fixes. */
export interface Source {
  readonly name: string;
  /** ISO 3166-1 alpha-2: how numbers without a plus sign are read. Absent: they are not guessed. */
  readonly country?: string | undefined;
  /** Account of records that name none. */
  readonly accountId?: string | undefined;
}

export interface Sources {
  /** The settings of a source; one that has none gets the defaults. */
  get(name: string): Source;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws IngestError `bad_source` for a name or country that cannot be one. */
export function createSources(
  known: readonly Source[],
  defaults: Omit<Source, 'name'> = {},
): Sources {
  const byName = new Map<string, Source>();
  for (const source of [...known, { name: 'local', ...defaults }].toReversed()) {
    byName.set(checkSource(source).name, { ...defaults, ...source });
  }
  return {
    get(name) {
      const found = byName.get(name);
      if (found !== undefined) return found;
      const fresh = checkSource({ ...defaults, name });
      byName.set(name, fresh);
      return fresh;
    },
  };
}

function checkSource(source: Source): Source {
  if (!NAME.test(source.name)) {
    throw new IngestError(
      'bad_source',
      'a source name has 1 to 64 letters, digits, dots, dashes or underscores; rename the credential or topic setting',
    );
  }
  if (source.country !== undefined && !isSupportedCountry(source.country)) {
    throw new IngestError(
      'bad_source',
      `source ${source.name}: its country is no ISO 3166 code (two capital letters) with a numbering plan`,
    );
  }
  return source;
}

/** The retention domains records may be under. */
export interface Domains {
  /** Undefined where the class is not one the ledger keeps. */
  of(retentionClass: string | undefined): Domain | undefined;
  /** Every domain a record can be under: where a search has to look. */
  all(): readonly Domain[];
}

/** The operator's own domains by retention class; `defaultClass` must be the shortest in force. */
export function createDomains(classes: readonly string[], defaultClass: string): Domains {
  const domains = new Map<string, Domain>();
  for (const retentionClass of new Set([...classes, defaultClass])) {
    domains.set(retentionClass, Object.freeze({ controller: 'operator', retentionClass }));
  }
  const fallback = domains.get(defaultClass);
  return {
    of: (retentionClass) => (retentionClass === undefined ? fallback : domains.get(retentionClass)),
    all: () => [...domains.values()],
  };
}
