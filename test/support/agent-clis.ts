import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { sshdAvailable } from './sshd.js';

/** Where `scripts/install-agent-clis.mjs` puts the real CLIs. */
const INSTALLED = new URL('../../.cache/agents/', import.meta.url).pathname;

/**
 * The real Claude Code of this platform; null when it was not installed, for example without a network.
 * MAESTRO_TEST_CLAUDE names another version to test with.
 */
export const claudeCli = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_CLAUDE'];
  if (chosen) return { path: chosen };
  const native = `@anthropic-ai/claude-code-${nativePlatform()}`;
  const path = join(INSTALLED, 'node_modules', native, 'claude');
  return existsSync(path) ? { path } : null;
};

/** What the packages of native programs call this platform. */
const nativePlatform = (): string => {
  const musl = process.platform === 'linux' && !isGlibc(process.report.getReport());
  return `${process.platform}-${process.arch}${musl ? '-musl' : ''}`;
};

/**
 * The real Codex, by the program that people have in their PATH; null when it was not installed. MAESTRO_TEST_CODEX
 * names another version to test with.
 */
export const codexCli = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_CODEX'];
  if (chosen) return { path: chosen };
  const scope = join(INSTALLED, 'codex', 'node_modules', '@openai');
  const native = join(scope, `codex-${process.platform}-${process.arch}`);
  return existsSync(native) ? { path: join(scope, 'codex', 'bin', 'codex.js') } : null;
};

/** The real Gemini CLI; null when it was not installed. MAESTRO_TEST_GEMINI names another version to test with. */
export const geminiCli = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_GEMINI'];
  if (chosen) return { path: chosen };
  const path = join(INSTALLED, 'gemini/node_modules/@google/gemini-cli/bundle/gemini.js');
  return existsSync(path) ? { path } : null;
};

/** The real Copilot CLI, by its native program; null when it was not installed. MAESTRO_TEST_COPILOT names another. */
export const copilotCli = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_COPILOT'];
  if (chosen) return { path: chosen };
  const native = `@github/copilot-${nativePlatform()}`;
  const path = join(INSTALLED, 'copilot/node_modules', native, 'copilot');
  return existsSync(path) ? { path } : null;
};

/** The real Qwen Code; null when it was not installed. MAESTRO_TEST_QWEN names another version to test with. */
export const qwenCli = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_QWEN'];
  if (chosen) return { path: chosen };
  const path = join(INSTALLED, 'qwen/node_modules/@qwen-code/qwen-code/cli.js');
  return existsSync(path) ? { path } : null;
};

/** The real OpenCode; null when it was not installed. MAESTRO_TEST_OPENCODE names another version to test with. */
export const openCodeCli = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_OPENCODE'];
  if (chosen) return { path: chosen };
  const path = join(INSTALLED, `opencode/node_modules/opencode-${nativePlatform()}/bin/opencode`);
  return existsSync(path) ? { path } : null;
};

/** The real Droid; null when it was not installed. MAESTRO_TEST_FACTORY_DROID names another version to test with. */
export const droidCli = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_FACTORY_DROID'];
  if (chosen) return { path: chosen };
  const native = `@factory/cli-${process.platform}-${process.arch}`;
  const path = join(INSTALLED, 'droid/node_modules', native, 'bin/droid');
  return existsSync(path) ? { path } : null;
};

/** The real Claude Agent of the Agent Client Protocol; null when it was not installed. MAESTRO_TEST_ACP_CLAUDE names another. */
export const claudeAcp = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_ACP_CLAUDE'];
  if (chosen) return { path: chosen };
  const packages = join(INSTALLED, 'claude-agent-acp/node_modules');
  const native = join(packages, `@anthropic-ai/claude-agent-sdk-${nativePlatform()}`);
  const path = join(packages, '@agentclientprotocol/claude-agent-acp/dist/index.js');
  return existsSync(native) ? { path } : null;
};

/** The real codex-acp; null when it was not installed. MAESTRO_TEST_ACP_CODEX names another version to test with. */
export const codexAcp = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_ACP_CODEX'];
  if (chosen) return { path: chosen };
  const packages = join(INSTALLED, 'codex-acp/node_modules');
  const native = join(packages, `@openai/codex-${process.platform}-${process.arch}`);
  const path = join(packages, '@agentclientprotocol/codex-acp/dist/index.js');
  return existsSync(native) ? { path } : null;
};

/** Whether this machine gives Codex the namespaces that its sandbox is made of: without them it runs no command. */
export const codexConfines = (): boolean => {
  const program = codexCli()?.path;
  if (program === undefined) return false;
  const home = mkdtempSync(join(tmpdir(), 'maestro-codex-'));
  const env = { PATH: process.env['PATH'], HOME: home };
  const { status } = spawnSync(program, ['sandbox', '--', 'true'], { env, timeout: 30_000 });
  rmSync(home, { recursive: true, force: true });
  return status === 0;
};

const isGlibc = (report: object): boolean =>
  JSON.stringify(report).includes('"glibcVersionRuntime"');

/**
 * Environment of Claude Code with which it uses only that model API, and reaches nothing else.
 *
 * @param home where it keeps its conversations
 */
export const claudeEnv = (modelApi: string, home: string): Record<string, string> => ({
  HOME: home,
  ...{ ANTHROPIC_BASE_URL: modelApi, ANTHROPIC_API_KEY: 'sk-ant-zzzz' },
  ...{ CLAUDE_CODE_MAX_RETRIES: '0', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
  ...LOOPBACK_ONLY,
});

/**
 * Environment of Codex with which it uses only that model API, and reaches nothing else.
 *
 * @param home where its settings are put, and where it keeps its conversations
 */
export const codexEnv = (modelApi: string, home: string): Record<string, string> => {
  mkdirSync(join(home, '.codex'), { recursive: true });
  writeFileSync(join(home, '.codex', 'config.toml'), codexConfig(modelApi));
  return { HOME: home, SCRIPTED_API_KEY: 'sk-zzzz', ...LOOPBACK_ONLY };
};

const codexConfig = (modelApi: string): string => `
model = "gpt-5.5"
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "Scripted"
base_url = "${modelApi}/v1"
wire_api = "responses"
env_key = "SCRIPTED_API_KEY"
request_max_retries = 0
stream_max_retries = 0
[analytics]
enabled = false
[feedback]
enabled = false
[features]
plugins = false
remote_plugin = false
apps = false
`;

/**
 * Environment of Gemini CLI with which it uses only that model API, and reaches nothing else.
 *
 * @param home where its settings are put, where it keeps its conversations, and what it leaves behind
 */
export const geminiEnv = (modelApi: string, home: string): Record<string, string> => {
  mkdirSync(join(home, '.gemini'), { recursive: true });
  writeFileSync(join(home, '.gemini', 'settings.json'), JSON.stringify(GEMINI_SETTINGS));
  return {
    ...{ HOME: home, TMPDIR: home, GEMINI_API_KEY: 'sk-zzzz', GOOGLE_GEMINI_BASE_URL: modelApi },
    // Otherwise it asks a model which model it is to ask.
    GEMINI_MODEL: 'gemini-2.5-flash',
    ...LOOPBACK_ONLY,
  };
};

const GEMINI_SETTINGS = {
  security: { auth: { selectedType: 'gemini-api-key' } },
  privacy: { usageStatisticsEnabled: false },
  // Of ten attempts, the last is made after minutes.
  general: { maxAttempts: 1, enableAutoUpdate: false, enableAutoUpdateNotification: false },
};

/**
 * Environment of Copilot CLI with which it uses only that model API, and reaches nothing else.
 *
 * @param home where it keeps its conversations, and what it leaves behind
 */
export const copilotEnv = (modelApi: string, home: string): Record<string, string> => ({
  ...{ HOME: home, TMPDIR: home, COPILOT_OFFLINE: 'true', COPILOT_AUTO_UPDATE: 'false' },
  // The value of the key is masked in all that it prints: it must be no word of a conversation.
  ...{ COPILOT_PROVIDER_BASE_URL: `${modelApi}/v1`, COPILOT_PROVIDER_API_KEY: 'sk-zzzz' },
  // A model of which it knows that it can see. And it unpacks 235 MB of itself where there is none yet.
  ...{ COPILOT_MODEL: 'claude-sonnet-4.5', XDG_CACHE_HOME: join(INSTALLED, 'copilot', 'cache') },
  ...LOOPBACK_ONLY,
});

/**
 * Environment of Qwen Code with which it uses only that model API. It sends all through a proxy that it is told of, to
 * loopback too: only where there is no other network does it reach nothing else.
 *
 * @param home where its settings are put, where it keeps its conversations, and what it leaves behind
 */
export const qwenEnv = (modelApi: string, home: string): Record<string, string> => {
  mkdirSync(join(home, '.qwen'), { recursive: true });
  writeFileSync(join(home, '.qwen', 'settings.json'), JSON.stringify(QWEN_SETTINGS));
  return {
    ...{ HOME: home, TMPDIR: home, OPENAI_API_KEY: 'sk-zzzz', OPENAI_BASE_URL: `${modelApi}/v1` },
    OPENAI_MODEL: 'scripted-model',
  };
};

const QWEN_SETTINGS = {
  security: { auth: { selectedType: 'openai' } },
  // It tries seven times within one and a half minutes; after that, otherwise, ten times seven times again.
  model: { generationConfig: { maxRetries: 0 } },
  privacy: { usageStatisticsEnabled: false },
  general: { disableAutoUpdate: true, enableAutoUpdate: false },
};

/**
 * Environment of OpenCode with which it uses only that model API, and reaches nothing else.
 *
 * @param home where its settings are put, where it keeps its conversations, and what it leaves behind
 */
export const openCodeEnv = (modelApi: string, home: string): Record<string, string> => {
  const settings = join(home, '.config', 'opencode');
  mkdirSync(settings, { recursive: true });
  writeFileSync(join(settings, 'opencode.json'), JSON.stringify(openCodeSettings(modelApi)));
  return {
    ...{ HOME: home, TMPDIR: home, OPENCODE_DISABLE_MODELS_FETCH: '1' },
    ...{ OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_DEFAULT_PLUGINS: '1' },
    ...{ OPENCODE_DISABLE_LSP_DOWNLOAD: '1', OPENCODE_DISABLE_SHARE: '1' },
    ...LOOPBACK_ONLY,
  };
};

const openCodeSettings = (modelApi: string): object => {
  const model = {
    ...{ attachment: true, tool_call: true, reasoning: true },
    ...{
      limit: { context: 200_000, output: 8_192 },
      cost: { input: 1, output: 2, cache_read: 0.1 },
    },
    modalities: { input: ['text', 'image'], output: ['text'] },
  };
  return {
    ...{ $schema: 'https://opencode.ai/config.json', autoupdate: false, share: 'disabled' },
    ...{ model: 'scripted/scripted-model', small_model: 'scripted/scripted-model' },
    enabled_providers: ['scripted'],
    provider: {
      scripted: {
        ...{ npm: '@ai-sdk/openai-compatible', name: 'Scripted' },
        options: { baseURL: `${modelApi}/v1`, apiKey: 'sk-zzzz' },
        models: { 'scripted-model': model, 'other-model': model },
      },
    },
  };
};

/**
 * Environment of Droid with which it uses only that model API, and reaches nothing else.
 *
 * @param home where its settings are put, where it keeps its conversations, and what it leaves behind
 */
export const droidEnv = (modelApi: string, home: string): Record<string, string> => {
  const settings = join(home, '.factory');
  mkdirSync(settings, { recursive: true });
  writeFileSync(join(settings, 'settings.json'), JSON.stringify(droidSettings(modelApi)));
  return {
    ...{ HOME: home, TMPDIR: home, FACTORY_AIRGAP_ENABLED: 'true' },
    FACTORY_DROID_AUTO_UPDATE_ENABLED: 'false',
    ...LOOPBACK_ONLY,
  };
};

const droidSettings = (modelApi: string): object => ({
  // It refuses a commit that is part of a longer command line, as the scripted model's is.
  enableDroidShield: false,
  model: 'custom:Scripted-0',
  customModels: ['Scripted', 'Other'].map((displayName, index) => ({
    ...{ model: `${displayName.toLowerCase()}-model`, id: `custom:${displayName}-${index}` },
    ...{ index, displayName, baseUrl: `${modelApi}/v1`, apiKey: 'sk-zzzz' },
    ...{
      provider: 'generic-chat-completion-api',
      maxOutputTokens: 8_192,
      reasoningEffort: 'medium',
    },
  })),
});

const NOWHERE = 'http://127.0.0.1:9';
const LOOPBACK_ONLY = {
  ...{ HTTP_PROXY: NOWHERE, HTTPS_PROXY: NOWHERE, http_proxy: NOWHERE, https_proxy: NOWHERE },
  ...{ NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' },
};

type Suite = (program: string) => void;

interface Findable {
  find(): string | null;
  /** What else of this machine it would need. */
  lacks?(): string | null;
}

/** A suite with a real CLI here and on a remote; skipped, with the reason, where one of them is lacking. */
export const describeReal = (title: string, cli: Findable, suite: Suite): void => {
  const program = cli.find();
  const missing = program === null ? null : (cli.lacks?.() ?? null);
  const lacks = [
    ...(program === null ? ['not installed, see scripts/install-agent-clis.mjs'] : []),
    ...(missing === null ? [] : [missing]),
    ...(sshdAvailable() ? [] : ['this machine has no sshd']),
  ];
  if (program === null || lacks.length > 0) {
    describe.skip(`${title} (skipped: ${lacks.join('; ')})`, () => {
      suite('');
    });
  } else {
    describe(title, () => {
      suite(program);
    });
  }
};

const describeWith =
  (cli: () => { path: string } | null) =>
  (title: string, suite: Suite): void => {
    describeReal(title, { find: () => cli()?.path ?? null }, suite);
  };

export const describeClaude = describeWith(claudeCli);
export const describeCodex = describeWith(codexCli);
