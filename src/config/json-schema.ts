import * as z from "zod";
import { configSchema } from "./schema.ts";

/** The JSON Schema of costper.yaml, for editors; it ships as costper.schema.json. */
export const jsonSchema = (): Record<string, unknown> => {
  const schema = z.toJSONSchema(configSchema(), {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
    // A bigint is what YAML's longest ids are read as: an integer to an editor.
    override: ({ zodSchema, jsonSchema: json }) => {
      if (zodSchema._zod.def.type === "bigint") json.type = "integer";
    },
  });
  return { title: "costper.yaml", ...schema };
};
