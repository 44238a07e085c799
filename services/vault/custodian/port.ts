/**
 * Keeps the root generations of the key tree. A custodian never hands a root key out: it seals and
 * opens one 32-byte key, the top of the tree, so that a remote one (a transit engine, a cloud KMS)
 * can keep the root where it was made.
 */
export interface Custodian {
  /** Shown in messages, for example `key file in /var/lib/tollbook-root`. */
  readonly name: string;

  /** Live generations, ascending; one whose destruction has begun is not among them. */
  generations(): Promise<number[]>;

  /**
   * Draws the root of a generation; durable when it resolves.
   *
   * @throws VaultError `bad_request` unless the generation is higher than every one before it,
   * destroyed ones included as far as the custodian remembers them.
   */
  create(generation: number): Promise<void>;

  /** @throws VaultError `root_missing` where the generation is not alive. */
  seal(generation: number, key: Uint8Array): Promise<Uint8Array>;

  /** @throws VaultError `root_missing` where the generation is not alive, `tampered`. */
  open(generation: number, sealed: Uint8Array): Promise<Buffer>;

  /**
   * Destroys every generation below `generation`, also what an earlier call left half done: when it
   * resolves nothing that exists opens what they sealed. Called by one process at a time, as `create` is.
   */
  destroyBelow(generation: number): Promise<void>;
}
