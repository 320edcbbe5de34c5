// How an app uses the emitted module; it has to type-check, with the errors where they are expected.
import { parseToolCalls, type Dice, type ToolCall } from "./tools.js";

export function describe(call: ToolCall): string {
  switch (call.tool) {
    case "roll":
      return `${call.arguments.what} ${call.arguments.mode ?? "plain"}`;
    case "health":
    case "experience":
    case "gold":
      return `${call.arguments.name ?? "player"} ${call.arguments.amount.toFixed(0)}`;
    case "inventory":
      return `${call.arguments.action} ${call.arguments.item}`;
    case "condition":
      return call.arguments.condition;
    case "spell":
      return `${call.arguments.spell} ${call.arguments.target ?? ""}`;
    case "rest":
      return call.arguments.kind;
    case "move":
      return call.arguments.location;
    case "party":
      return call.arguments.name;
    case "quest":
      return call.arguments.quest;
    default: {
      const nothing: never = call;
      return nothing;
    }
  }
}

export const right: ToolCall[] = [
  { tool: "roll", arguments: { what: "sleight of hand", mode: "advantage" } },
  { tool: "roll", arguments: { what: "2d6+3" } },
  { tool: "health", arguments: { name: "Lyra", amount: -1 } },
  { tool: "spell", arguments: { spell: "bless" } },
  ...parseToolCalls("[rest: long]"),
];

export const dice: Dice = "2d20kh1";
// @ts-expect-error no such skill
export const skill: ToolCall = { tool: "roll", arguments: { what: "stelth" } };
// @ts-expect-error no such tool
export const tool: ToolCall = { tool: "rol", arguments: { what: "stealth" } };
// @ts-expect-error an amount is a number
export const amount: ToolCall = { tool: "health", arguments: { name: "Lyra", amount: "-1" } };
// @ts-expect-error the item is missing
export const item: ToolCall = { tool: "inventory", arguments: { name: "Lyra", action: "add" } };
