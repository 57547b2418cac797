import { type TurnRequest } from '../adapter.js';
import { type Setting } from './memory.js';
import { ASK, type Opened } from './protocol.js';

interface Choice {
  current: string;
  values: readonly { value: string; name?: string | null | undefined }[];
  set(value: string): Pick<Setting, 'asked' | 'params'>;
}

interface Fault {
  message: string;
  hint: string;
}

/** What is to be set before the prompt, of what the agent offers; or why that cannot be. */
export const settingsOf = (
  session: Opened,
  { model, effort, readOnly }: Pick<TurnRequest, 'model' | 'effort' | 'readOnly'>,
): Setting[] | Fault => {
  const wanted = [
    chosen('model', modelsOf(session), model),
    chosen('effort', optionOf(session, 'thought_level'), effort),
  ];
  const settings: Setting[] = [];
  for (const each of wanted) {
    if (each === null) continue;
    if ('hint' in each) return each;
    settings.push(each);
  }
  return [
    ...settings,
    ...(readOnly ? notGiven(optionOf(session, 'permissions')) : []),
    ...modeFor(modesOf(session), readOnly),
  ];
};

/** Leave that was given for everything is taken back: then it asks. */
const notGiven = (given: Choice | null): Setting[] =>
  given?.current === 'on' && given.values.some(({ value }) => value === 'off')
    ? [{ ...given.set('off'), what: 'that it is to ask for leave' }]
    : [];

const chosen = (
  what: 'model' | 'effort',
  choice: Choice | null,
  wanted: string | null,
): Setting | Fault | null => {
  if (wanted === null || choice?.current === wanted) return null;
  const found = choice?.values.find(({ value, name }) => value === wanted || name === wanted);
  if (choice && found) {
    if (found.value === choice.current) return null;
    return { ...choice.set(found.value), what: `the ${what} ${wanted}` };
  }
  const offered = choice?.values.slice(0, 40).map(({ value }) => value) ?? [];
  return {
    message:
      offered.length === 0
        ? `it cannot be told which ${what} to use`
        : `it does not offer the ${what} ${wanted}`,
    hint:
      offered.length === 0
        ? `Leave out the ${what}; set it in the agent's own settings, arguments or environment.`
        : `Choose one of: ${offered.join(', ')}.`,
  };
};

/** A mode for reading, where there is one; and out of it, where a conversation was left in it. */
const modeFor = (modes: Choice | null, readOnly: boolean): Setting[] => {
  if (modes === null) return [];
  const find = (...ids: string[]): string | undefined =>
    ids.flatMap((id) => modes.values.find(({ value }) => isMode(value, id))?.value ?? [])[0];
  const forReading = READING.some((id) => isMode(modes.current, id));
  const mode = readOnly ? find(...READING) : forReading ? find(...USUAL) : undefined;
  return mode === undefined || mode === modes.current
    ? []
    : [{ ...modes.set(mode), what: `the mode ${mode}` }];
};

/** A mode has a name, or an address that ends in it. */
const isMode = (value: string, id: string): boolean => value === id || value.endsWith(`#${id}`);

// Claude, when it plans, runs commands without asking.
const READING = ['read-only', 'dontAsk', 'plan'];
const USUAL = ['default', 'build', 'agent', 'auto'];

const optionOf = ({ configOptions }: Opened, category: string): Choice | null => {
  const option = configOptions?.find((each) => each.category === category);
  return option
    ? {
        current: option.currentValue,
        values: option.options,
        set: (value) => ({ asked: ASK.setOption, params: { configId: option.id, value } }),
      }
    : null;
};

const modelsOf = (session: Opened): Choice | null => {
  const { models } = session;
  if (!models) return optionOf(session, 'model');
  return (
    optionOf(session, 'model') ?? {
      current: models.currentModelId,
      values: models.availableModels.map(({ modelId, name }) => ({ value: modelId, name })),
      set: (modelId) => ({ asked: ASK.setModel, params: { modelId } }),
    }
  );
};

const modesOf = (session: Opened): Choice | null => {
  const { modes } = session;
  if (!modes) return optionOf(session, 'mode');
  return (
    optionOf(session, 'mode') ?? {
      current: modes.currentModeId,
      values: modes.availableModes.map(({ id, name }) => ({ value: id, name })),
      set: (modeId) => ({ asked: ASK.setMode, params: { modeId } }),
    }
  );
};
