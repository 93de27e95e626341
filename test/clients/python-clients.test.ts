/** The official clients for Python over every service. */
import { describePythonClients } from './python-clients.ts';
import { OFFICIAL_PYTHON_CLIENTS } from './rows/python.ts';

describePythonClients('official clients for Python over every service', OFFICIAL_PYTHON_CLIENTS);
