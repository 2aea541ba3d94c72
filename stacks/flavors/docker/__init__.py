"""Steps in containers of this machine: branches side by side, and cheap steps in one container."""
