export { AutorunModule } from './autorun.module.js';
export { type Checklist, type ChecklistTask, parseChecklist } from './checklist.js';
export { DocumentsService } from './documents/documents.service.js';
export { type Playbook } from './playbooks/playbook.js';
export { PlaybooksService } from './playbooks/playbooks.service.js';
export { type Run, type RunState, type RunTask } from './runs/run.js';
export { RunsService } from './runs/runs.service.js';
