import { stringify } from "yaml";
import type { Platform } from "../domain/platform.ts";
import { createEcbSandbox } from "./ecb/index.ts";
import { createGoogleSandbox, googleSandboxSettings } from "./google/index.ts";
import { createLinkedinSandbox, linkedinSandboxSettings } from "./linkedin/index.ts";
import { createMetaSandbox, metaSandboxSettings } from "./meta/index.ts";
import { listen, type SandboxServer } from "./server.ts";
