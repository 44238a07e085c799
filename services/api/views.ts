import type {
  CdrQuery,
  CdrRow,
  HistoryQuery,
  HistoryRow,
  Page,
  QuarantineQuery,
  QuarantineRow,
  UsageFeed,
  UsageQuery,
  UsageSum,
  ViewLag,
} from '#projections';

/** The read functions of the views, bound to a database and journal by the composition root. */
export interface Views {
  listCdrs(query: CdrQuery): Promise<Page<CdrRow>>;
  /** Follows the redirect of a linked communication. */
  getCdr(id: string): Promise<CdrRow | undefined>;
  listHistory(query: HistoryQuery): Promise<Page<HistoryRow>>;
  usageSums(query: UsageQuery): Promise<readonly UsageSum[]>;
  readUsageFeed(query: { readonly cursor?: string; readonly limit: number }): Promise<UsageFeed>;
  viewStatus(): Promise<readonly ViewLag[]>;
  listQuarantine(query: QuarantineQuery): Promise<Page<QuarantineRow>>;
  getQuarantined(id: string): Promise<QuarantineRow | undefined>;
  countQuarantined(): Promise<number>;
}
