import { Injectable } from '@nestjs/common';
import { AcpAdapter } from './acp/acp-adapter.js';
import { type AgentAdapter, type AgentName } from './adapter.js';
import { AgentUnsupported } from './failures/agent-errors.js';
import { ClaudeCodeAdapter } from './claude-code/claude-code-adapter.js';
import { CodexAdapter } from './codex/codex-adapter.js';
import { CopilotCliAdapter } from './copilot-cli/copilot-cli-adapter.js';
import { CustomAdapter } from './custom/custom-adapter.js';
import { type CustomAgent } from './custom/custom-agent.js';
import { DemoAdapter } from './demo/demo-adapter.js';
import { FactoryDroidAdapter } from './factory-droid/factory-droid-adapter.js';
import { GeminiCliAdapter } from './gemini-cli/gemini-cli-adapter.js';
import { OpenCodeAdapter } from './opencode/opencode-adapter.js';
import { QwenAdapter } from './qwen/qwen-adapter.js';

/** The agents this server can start. A new adapter is added here and nowhere else. */
@Injectable()
export class AgentRegistry {
  private readonly adapters = new Map<AgentName, AgentAdapter>(
    [
      new ClaudeCodeAdapter(),
      new CodexAdapter(),
      new OpenCodeAdapter(),
      new FactoryDroidAdapter(),
      new GeminiCliAdapter(),
      new CopilotCliAdapter(),
      new QwenAdapter(),
      new AcpAdapter(),
      new CustomAdapter(),
      new DemoAdapter(),
    ].map((adapter) => [adapter.agent, adapter]),
  );

  /** Throws `agent/unsupported` for a kind of agent that has no adapter. */
  get(agent: AgentName): AgentAdapter {
    const adapter = this.adapters.get(agent);
    if (adapter) return adapter;
    const known = [...this.adapters.keys()].join(', ');
    throw new AgentUnsupported(`This server cannot start ${agent} agents`, {
      hint: `Choose one of: ${known}.`,
    });
  }

  /** The adapter of a session, whose own definition decides what a custom agent can do. */
  of({ agent, custom }: { agent: AgentName; custom: CustomAgent | null }): AgentAdapter {
    return custom === null ? this.get(agent) : new CustomAdapter(custom);
  }

  list(): AgentAdapter[] {
    return [...this.adapters.values()];
  }
}
