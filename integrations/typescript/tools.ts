// The tool calls of a DM. Made by `loresmith tools emit typescript`; don't edit.

/** A dice expression: 1d20, 2d6+3, 2d20kh1. */
export type Dice = `${number}d${number}` | `${number}d${number}${"k" | "+" | "-"}${string}`;

export type Abilities =
  | "strength"
  | "dexterity"
  | "constitution"
  | "intelligence"
  | "wisdom"
  | "charisma";

export type Saves =
  | "strength save"
  | "dexterity save"
  | "constitution save"
  | "intelligence save"
  | "wisdom save"
  | "charisma save";

export type Skills =
  | "acrobatics"
  | "animal handling"
  | "arcana"
  | "athletics"
  | "deception"
  | "history"
  | "insight"
  | "intimidation"
  | "investigation"
  | "medicine"
  | "nature"
  | "perception"
  | "performance"
  | "persuasion"
  | "religion"
  | "sleight of hand"
  | "stealth"
  | "survival";

export type Proficiencies =
  | "alchemist's supplies"
  | "brewer's supplies"
  | "calligrapher's supplies"
  | "carpenter's tools"
  | "cartographer's tools"
  | "cobbler's tools"
  | "cook's utensils"
  | "disguise kit"
  | "forgery kit"
  | "gaming set"
  | "glassblower's tools"
  | "herbalism kit"
  | "jeweler's tools"
  | "leatherworker's tools"
  | "mason's tools"
  | "musical instrument"
  | "navigator's tools"
  | "painter's supplies"
  | "poisoner's kit"
  | "potter's tools"
  | "smith's tools"
  | "thieves' tools"
  | "tinker's tools"
  | "vehicles (land)"
  | "vehicles (water)"
  | "weaver's tools"
  | "woodcarver's tools";

export type Conditions =
  | "blinded"
  | "charmed"
  | "deafened"
  | "exhaustion"
  | "frightened"
  | "grappled"
  | "incapacitated"
  | "invisible"
  | "paralyzed"
  | "petrified"
  | "poisoned"
  | "prone"
  | "restrained"
  | "stunned"
  | "unconscious";

/** Roll for a skill, an ability, a save, an attack or plain dice. `[roll: what, mode?]` */
export interface RollCall {
  tool: "roll";
  arguments: {
    what: Skills | Abilities | Saves | Proficiencies | "attack" | "initiative" | "death save" | Dice;
    mode?: "advantage" | "disadvantage";
  };
}

/** Change somebody's health by a signed amount. `[health: name, amount]` */
export interface HealthCall {
  tool: "health";
  arguments: {
    /** Left out: the only member of the party. */
    name?: string;
    amount: number;
  };
}

/** Award experience. `[experience: name, amount]` */
export interface ExperienceCall {
  tool: "experience";
  arguments: {
    /** Left out: the only member of the party. */
    name?: string;
    amount: number;
  };
}

/** Give or take gold by a signed amount. `[gold: name, amount]` */
export interface GoldCall {
  tool: "gold";
  arguments: {
    /** Left out: the only member of the party. */
    name?: string;
    amount: number;
  };
}

/** Add an item to somebody's inventory or remove it. `[inventory: name, action, item]` */
export interface InventoryCall {
  tool: "inventory";
  arguments: {
    /** Left out: the only member of the party. */
    name?: string;
    action: "add" | "remove";
    item: string;
  };
}

/** Put a condition on somebody or lift it. `[condition: name, action, condition]` */
export interface ConditionCall {
  tool: "condition";
  arguments: {
    /** Left out: the only member of the party. */
    name?: string;
    action: "add" | "remove";
    condition: Conditions;
  };
}

/** Somebody casts a spell. `[spell: name, spell, target?]` */
export interface SpellCall {
  tool: "spell";
  arguments: {
    /** Left out: the only member of the party. */
    name?: string;
    spell: string;
    target?: string;
  };
}

/** The party rests. `[rest: kind]` */
export interface RestCall {
  tool: "rest";
  arguments: {
    kind: "short" | "long";
  };
}

/** The party goes somewhere. `[move: location]` */
export interface MoveCall {
  tool: "move";
  arguments: {
    location: string;
  };
}

/** Somebody joins the party or leaves it. `[party: action, name]` */
export interface PartyCall {
  tool: "party";
  arguments: {
    action: "add" | "remove";
    name: string;
  };
}

/** A quest starts, advances or is completed. `[quest: action, quest]` */
export interface QuestCall {
  tool: "quest";
  arguments: {
    action: "start" | "advance" | "complete";
    quest: string;
  };
}

/** A call, told apart by its `tool`. */
export type ToolCall =
  | RollCall
  | HealthCall
  | ExperienceCall
  | GoldCall
  | InventoryCall
  | ConditionCall
  | SpellCall
  | RestCall
  | MoveCall
  | PartyCall
  | QuestCall;

/**
 * Every right call in a text, in order; brackets that aren't right calls are left out.
 * `members` counts the party: in a party of one, a call may leave its name out.
 */
export function parseToolCalls(text: string, members = 1): ToolCall[] {
  const found: ToolCall[] = [];
  for (const match of text.matchAll(/\[(\w+):([^\]]+)\]/g)) {
    const call = parsedCall(match[1] ?? "", match[2] ?? "", members);
    if (call) found.push(call);
  }
  return found;
}

interface Parameter {
  readonly name: string;
  readonly type: "name" | "integer" | "choice" | "text";
  readonly required: boolean;
  /** What a choice allows. */
  readonly choices?: readonly string[];
  /** Whether a choice allows dice. */
  readonly dice?: boolean;
  /** Whether an integer needs its sign. */
  readonly signed?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Tool {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Other names; with what their first argument, `{1}`, becomes where it is rewritten. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
}

interface Argument {
  readonly key?: string;
  readonly value: string;
}

const SPACE = " \\t\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000";
const LINE_END = /[\n\r\v\f\x1c-\x1f\x85\u2028\u2029]/;
const SPACES = new RegExp(`[${SPACE}]+`, "g");
const GAP = new RegExp(`[${SPACE}]*`, "y");
const KEY = new RegExp(`\\w+(?=[${SPACE}]*=)`, "y");
const QUOTED = new RegExp(`"[${SPACE}]*[^"${SPACE}][^"]*"(?=[${SPACE}]*(?:,|$))`, "y");
const BARE = new RegExp(`[^",${SPACE}][^,]*|"[^",]*"[${SPACE}]*[^,${SPACE}][^,]*`, "y");
const INTEGER = /^[+-]?[0-9]{1,9}$/;
const CHANGE = `[${SPACE}]*[+-][${SPACE}]*[0-9]{1,9}`;
const DICE = new RegExp(`^([0-9]{1,9})d([0-9]{1,9})(?:kh1|kl1)?(?:${CHANGE})*$`);

function parsedCall(name: string, body: string, members: number): ToolCall | null {
  const written = name.toLowerCase();
  const tool = TOOLS.find((one) => one.name === written || Object.hasOwn(one.aliases, written));
  const given = LINE_END.test(body) ? null : readArguments(body);
  if (!tool || !given) return null;
  const template = Object.hasOwn(tool.aliases, written) ? (tool.aliases[written] ?? []) : [];
  const assigned = assign(tool, rewritten(tool, template, given), members);
  if (!assigned) return null;
  const values: Record<string, string | number> = {};
  for (const parameter of tool.parameters) {
    const text = assigned.get(parameter.name);
    if (text === undefined) continue;
    const value = valueOf(parameter, text);
    if (value === null) return null;
    values[parameter.name] = value;
  }
  return { tool: tool.name, arguments: values } as unknown as ToolCall;
}

/** The arguments between a call's colon and its bracket, or null where they aren't well formed. */
function readArguments(body: string): Argument[] | null {
  const found: Argument[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(body);
    if (match) at = pattern.lastIndex;
    return match ? match[0] : null;
  };
  for (;;) {
    take(GAP);
    const key = take(KEY);
    if (key !== null) {
      take(GAP);
      at += 1;
      take(GAP);
    }
    const quoted = take(QUOTED);
    const value = quoted === null ? take(BARE) : withoutNeedlessQuotes(quoted);
    if (value === null) return null;
    const text = squeezed(value);
    found.push(key === null ? { value: text } : { key: key.toLowerCase(), value: text });
    take(GAP);
    if (at === body.length) return found;
    if (body[at] !== ",") return null;
    at += 1;
  }
}

function withoutNeedlessQuotes(text: string): string {
  return /[,=]/.test(text) ? text : text.slice(1, -1);
}

function rewritten(tool: Tool, template: readonly string[], given: Argument[]): Argument[] {
  const first = given[0];
  if (template.length === 0 || !first) return given;
  const value = INTEGER.test(first.value) ? first.value.replace(/^\+/, "") : first.value;
  return [...template.map((text) => ({ value: text.split("{1}").join(value) })), ...given.slice(1)];
}

/** The text of each parameter by its name, or null where arguments and parameters don't fit. */
function assign(tool: Tool, given: Argument[], members: number): Map<string, string> | null {
  const assigned = new Map<string, string>();
  for (const { key, value } of given) {
    if (key === undefined) continue;
    if (assigned.has(key) || !tool.parameters.some(({ name }) => name === key)) return null;
    assigned.set(key, value);
  }
  let free = tool.parameters.filter(({ name }) => !assigned.has(name));
  const required = tool.parameters.filter((parameter) => parameter.required);
  if (given.length === required.length - 1 && required.some(({ type }) => type === "name")) {
    if (members !== 1) return null;
    const omitted = free.find(({ type }) => type === "name");
    free = free.filter((parameter) => parameter !== omitted);
  }
  const placed = given.filter(({ key }) => key === undefined);
  if (placed.length > free.length || free.slice(placed.length).some((p) => p.required)) return null;
  placed.forEach(({ value }, index) => assigned.set(free[index]?.name ?? "", value));
  return assigned;
}

/** The value of an argument, or null where its parameter doesn't allow it. */
function valueOf(parameter: Parameter, text: string): string | number | null {
  if (parameter.type === "integer") return integerOf(parameter, text);
  if (parameter.type === "choice") return choiceOf(parameter, text);
  return /^"[^"]*"$/.test(text) ? squeezed(text.slice(1, -1)) : text;
}

function integerOf(parameter: Parameter, text: string): number | null {
  if (!INTEGER.test(text) || (parameter.signed && !/^[+-]/.test(text))) return null;
  const value = Number(text) + 0;
  const { minimum = -Infinity, maximum = Infinity } = parameter;
  return value < minimum || value > maximum ? null : value;
}

function choiceOf(parameter: Parameter, text: string): string | null {
  const dice = parameter.dice ? DICE.exec(text.toLowerCase()) : null;
  if (dice && Number(dice[1]) >= 1 && Number(dice[2]) >= 2) return dice[0].replace(SPACES, "");
  const wanted = comparable(text);
  return parameter.choices?.find((choice) => comparable(choice) === wanted) ?? null;
}

function comparable(text: string): string {
  return squeezed(text.replace(/_/g, " ").replace(/’/g, "'").toLowerCase());
}

function squeezed(text: string): string {
  return text.replace(SPACES, " ").replace(/^ | $/g, "");
}

const TOOLS: readonly Tool[] = [
  {"name": "roll", "parameters": [{"name": "what", "type": "choice", "required": true, "choices": ["acrobatics", "animal handling", "arcana", "athletics", "deception", "history", "insight", "intimidation", "investigation", "medicine", "nature", "perception", "performance", "persuasion", "religion", "sleight of hand", "stealth", "survival", "strength", "dexterity", "constitution", "intelligence", "wisdom", "charisma", "strength save", "dexterity save", "constitution save", "intelligence save", "wisdom save", "charisma save", "alchemist's supplies", "brewer's supplies", "calligrapher's supplies", "carpenter's tools", "cartographer's tools", "cobbler's tools", "cook's utensils", "disguise kit", "forgery kit", "gaming set", "glassblower's tools", "herbalism kit", "jeweler's tools", "leatherworker's tools", "mason's tools", "musical instrument", "navigator's tools", "painter's supplies", "poisoner's kit", "potter's tools", "smith's tools", "thieves' tools", "tinker's tools", "vehicles (land)", "vehicles (water)", "weaver's tools", "woodcarver's tools", "attack", "initiative", "death save"], "dice": true}, {"name": "mode", "type": "choice", "required": false, "choices": ["advantage", "disadvantage"]}], "aliases": {"check": [], "save": ["{1} save"]}},
  {"name": "health", "parameters": [{"name": "name", "type": "name", "required": true}, {"name": "amount", "type": "integer", "required": true, "signed": true}], "aliases": {}},
  {"name": "experience", "parameters": [{"name": "name", "type": "name", "required": true}, {"name": "amount", "type": "integer", "required": true}], "aliases": {"award_exp": []}},
  {"name": "gold", "parameters": [{"name": "name", "type": "name", "required": true}, {"name": "amount", "type": "integer", "required": true, "signed": true}], "aliases": {"charge": ["player", "-{1}"]}},
  {"name": "inventory", "parameters": [{"name": "name", "type": "name", "required": true}, {"name": "action", "type": "choice", "required": true, "choices": ["add", "remove"]}, {"name": "item", "type": "text", "required": true}], "aliases": {}},
  {"name": "condition", "parameters": [{"name": "name", "type": "name", "required": true}, {"name": "action", "type": "choice", "required": true, "choices": ["add", "remove"]}, {"name": "condition", "type": "choice", "required": true, "choices": ["blinded", "charmed", "deafened", "exhaustion", "frightened", "grappled", "incapacitated", "invisible", "paralyzed", "petrified", "poisoned", "prone", "restrained", "stunned", "unconscious"]}], "aliases": {}},
  {"name": "spell", "parameters": [{"name": "name", "type": "name", "required": true}, {"name": "spell", "type": "text", "required": true}, {"name": "target", "type": "text", "required": false}], "aliases": {"spellcast": []}},
  {"name": "rest", "parameters": [{"name": "kind", "type": "choice", "required": true, "choices": ["short", "long"]}], "aliases": {}},
  {"name": "move", "parameters": [{"name": "location", "type": "text", "required": true}], "aliases": {"transition": []}},
  {"name": "party", "parameters": [{"name": "action", "type": "choice", "required": true, "choices": ["add", "remove"]}, {"name": "name", "type": "text", "required": true}], "aliases": {}},
  {"name": "quest", "parameters": [{"name": "action", "type": "choice", "required": true, "choices": ["start", "advance", "complete"]}, {"name": "quest", "type": "text", "required": true}], "aliases": {}},
];
