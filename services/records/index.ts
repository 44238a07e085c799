export { ASSEMBLER_VERSION, assemble, sameStatement, usageStatement } from './assemble.ts';
export { createByteReader, createByteWriter } from './bytes.ts';
export { lastEvidence } from './call.ts';
export { decodeState, encodeState, stateRefs } from './codec.ts';
export { pickFacts } from './fact-codec.ts';
export { add, addMember, emptyState, REPEATS_MAX, sortedElements, unite } from './state.ts';
export type { CommunicationState } from './state.ts';
export type {
  AccountPart,
  BoxGroup,
  CommunicationRecord,
  Contribution,
  Direction,
  Diversion,
  Facts,
  Hex,
  Kind,
  LegRecord,
  PartyBox,
  PartyRecord,
  Status,
  UsageStatement,
  VoicemailFacts,
} from './types.ts';
export { CLOSED_BY_TIMEOUT, isCommunicationType, LINKED } from './vocabulary.ts';
