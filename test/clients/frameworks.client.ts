/** Frameworks for Python over every service. */
import { describePythonClients } from './python-clients.ts';
import { PYTHON_FRAMEWORKS } from './rows/python.ts';

describePythonClients('frameworks for Python over every service', PYTHON_FRAMEWORKS);
