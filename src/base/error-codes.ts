/** Every error code a user can meet, with what it means. One table; docs and tests read it. */
export const errorCodes = {
  parse: "A text (exposition, PromQL, policy, filter) does not parse.",
  query: "A request or query cannot be answered.",
  corruption: "A file on disk holds what it must not.",
  disk: "The disk or its file system refuses to take or give bytes.",
  config: "A configuration cannot be used.",
  limit: "A limit acted.",
  address_in_use: "A port is taken by another program.",
  locked: "A data directory belongs to another running process.",
  refused: "An unsafe request or setting was refused.",
  not_running: "A command needs a running demo or server and none was found.",
  unreachable: "A peer did not answer.",
  usage: "A command line is wrong.",
} as const;

/** A key of the table above. */
export type ErrorCode = keyof typeof errorCodes;
