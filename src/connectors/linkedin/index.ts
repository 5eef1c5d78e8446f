import type { OpenConnector } from "../connector.ts";
import { createLinkedin } from "./connector.ts";
import type { LinkedinSettings } from "./settings.ts";

const openLinkedin: OpenConnector<LinkedinSettings> = (settings, context) =>
  createLinkedin(settings, context);

export default openLinkedin;
