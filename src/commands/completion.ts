import { Argument } from "commander";
import { completionScripts } from "./completion/scripts.ts";
import { examples, type Register } from "./frame.ts";

export const register: Register = (command, act) => {
  command
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(completionScripts)))
    .addHelpText(
      "after",
      examples(
        ['eval "$(costper completion bash)"', "in ~/.bashrc"],
        ['eval "$(costper completion zsh)"', "in ~/.zshrc, behind compinit"],
        ["costper completion fish > ~/.config/fish/completions/costper.fish", "once"],
      ),
    )
    .action(
      act<object>(async ({ out }, _options, shell = "bash") =>
        out.text(completionScripts[shell as keyof typeof completionScripts].trimEnd()),
      ),
    );
};
