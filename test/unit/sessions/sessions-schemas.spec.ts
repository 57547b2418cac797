import { describe, expect, it } from '@jest/globals';
import {
  agentSettings,
  createSessionSchema,
  patchSessionSchema,
} from '../../../src/modules/sessions/sessions.schemas.js';

describe('The model of a session', () => {
  const created = (model: string | null) =>
    createSessionSchema.safeParse({ agent: 'qwen', name: 'x', model });

  it.each(['--core-tools=write_file', '-m', ' -y'])('is never the option %j', (model) => {
    const fault = { message: 'Must not begin with a dash', path: ['model'] };
    expect(created(model).error?.issues).toMatchObject([fault]);
    expect(patchSessionSchema.safeParse({ model }).error?.issues).toMatchObject([fault]);
    expect(agentSettings.model.safeParse(model).success).toBe(false);
  });

  it.each(['gpt-5.6-sol', 'anthropic/claude-opus-4-8', 'claude-opus-4-8[1m]', 'custom:x-0', null])(
    'may be %j',
    (model) => {
      expect(created(model).data).toMatchObject({ model });
      expect(patchSessionSchema.safeParse({ model }).data).toEqual({ model });
    },
  );
});
