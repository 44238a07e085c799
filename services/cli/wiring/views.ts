import type { Views } from '#api';
import {
  countQuarantined,
  getCdr,
  getQuarantined,
  listCdrs,
  listHistory,
  listQuarantine,
  readUsageFeed,
  usageSums,
  viewStatus,
} from '#projections';
import type { Ledger } from './ledger.ts';

/** The views' read functions on this ledger's database and journal. */
export function openViews({ pool, journal, schemas }: Ledger): Views {
  return {
    listCdrs: (query) => listCdrs(pool, query),
    getCdr: (id) => getCdr(pool, id),
    listHistory: (query) => listHistory(pool, query),
    usageSums: (query) => usageSums(pool, query),
    readUsageFeed: (query) => readUsageFeed(journal, schemas, query),
    viewStatus: () => viewStatus(pool, journal),
    listQuarantine: (query) => listQuarantine(pool, query),
    getQuarantined: (id) => getQuarantined(pool, id),
    countQuarantined: () => countQuarantined(pool),
  };
}
