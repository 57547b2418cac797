import { type ApiClient } from '../api-client.js';
import { ApiProblem } from '../api-problem.js';
import { anything } from '../api-shapes.js';
import { CliFailure } from '../cli-failure.js';
import { type Check } from './machine-checks.js';

/** Is it there, is it ready, does it take our token? Stops at the first thing that the rest depends on. */
export const checkServer = async (api: ApiClient, tokenFrom: string | null): Promise<Check[]> => {
  const server = await reach(api);
  if (server.verdict === 'wrong') return [server];
  return [server, await checkReady(api), await checkToken(api, tokenFrom)];
};

const reach = async (api: ApiClient): Promise<Check> => {
  const name = 'server';
  try {
    const { status } = await api.probe('/healthz');
    if (status === 200) return { name, verdict: 'fine', detail: `${api.server} answers` };
    return {
      name,
      verdict: 'wrong',
      detail: `${api.server} answered /healthz with status ${status}`,
    };
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    return {
      name,
      verdict: 'wrong',
      detail: error.message,
      ...(error.hint && { hint: error.hint }),
    };
  }
};

const checkReady = async (api: ApiClient): Promise<Check> => {
  const { status, body } = await api.probe('/readyz');
  const detail = JSON.stringify(body);
  return status === 200
    ? { name: 'ready', verdict: 'fine', detail: 'everything the server needs is there' }
    : { name: 'ready', verdict: 'wrong', detail: `not ready: ${detail}` };
};

const checkToken = async (api: ApiClient, tokenFrom: string | null): Promise<Check> => {
  const name = 'token';
  try {
    await api.get('/sessions', anything, { limit: 1 });
    return { name, verdict: 'fine', detail: `the one of ${tokenFrom ?? 'nobody'} is valid` };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    const detail =
      tokenFrom === null
        ? 'no token was found'
        : `the one of ${tokenFrom} is not valid: ${error.message}`;
    return { name, verdict: 'wrong', detail, ...(error.hint && { hint: error.hint }) };
  }
};
