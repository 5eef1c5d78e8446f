import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonSchema } from "./json-schema.ts";

// `npm run schema`; a test tells when it is due.
const file = join(import.meta.dirname, "..", "..", "costper.schema.json");
writeFileSync(file, `${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
