export { resume as redrive } from './resume.ts';
