/** Why a record goes to quarantine. Stored: a code is never renamed. */
export type RefusalReason =
  | 'undecodable'
  | 'unknown_schema'
  | 'unknown_type'
  | 'invalid_event'
  | 'ledger_type'
  | 'missing_field'
  | 'null_value'
  | 'nothing_in_it'
  | 'oversized'
  | 'too_old'
  | 'in_future'
  | 'impossible_value'
  | 'number_in_fact'
  | 'unknown_retention_class'
  | 'wrong_account';

/** A record that cannot be accepted; `detail` names fields and limits, never what they held. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: RefusalReason;
  readonly detail: string | undefined;

  constructor(reason: RefusalReason, detail?: string) {
    super(reason);
    this.reason = reason;
    this.detail = detail;
  }
}
