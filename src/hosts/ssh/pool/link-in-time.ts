import { type Link } from '../link.js';

/** Whatever a login waits for, it ends: a link that comes too late is closed. */
export const linkInTime = (
  login: Promise<Link>,
  timeoutMs: number,
  tooLate: () => Error,
): Promise<Link> =>
  new Promise((resolve, reject) => {
    let isLate = false;
    const deadline = setTimeout(() => {
      isLate = true;
      reject(tooLate());
    }, timeoutMs);
    login
      .then((link) => {
        if (isLate) void link.close();
        else resolve(link);
      }, reject)
      .finally(() => {
        clearTimeout(deadline);
      });
  });
