/** The schemas that costper makes and a restore makes anew, and which of them hold something to keep. The queue's own is left as it is. */
const schemas = {
  warehouse: "kept",
  marts: "kept",
  figures: "kept",
  ops: "kept",
  // Unlogged, and empty between slices.
  staging: "made",
  ad_reporting: "made",
  // Of the tables above; they are kept as parts of these.
  partitions: "made",
} as const;

export const schemasMade: readonly string[] = Object.keys(schemas);

export const schemasKept: readonly string[] = Object.entries(schemas).flatMap(([name, what]) =>
  what === "kept" ? [name] : [],
);
