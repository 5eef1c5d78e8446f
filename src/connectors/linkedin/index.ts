import type { OpenConnector } from "../connector.ts";
import type { LinkedinSettings } from "./settings.ts";

const openLinkedin: OpenConnector<LinkedinSettings> = () => {
  throw new Error("under construction");
};

export default openLinkedin;
