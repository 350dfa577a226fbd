# Sourced by the other scripts for Windows: finds what they need and installs what is missing, inside
# the source folder: Meson and Ninja by pip, Catch2 and CLI11 as Meson wraps.

$ErrorActionPreference = 'Stop'
Set-Location (Join-Path $PSScriptRoot '..')

# Runs a program, and ends the script if it fails.
function Invoke-Checked {
  param([string] $Program, [string[]] $Arguments)
  & $Program @Arguments
  if ($LASTEXITCODE -ne 0) {
    throw "$Program $Arguments`: exit code $LASTEXITCODE"
  }
}

# The folder of a virtual environment that has Meson and Ninja.
function Get-Tools {
  $venv = Join-Path (Get-Location) '.cache\venv'
  $tools = Join-Path $venv 'Scripts'
  if (-not (Test-Path (Join-Path $tools 'meson.exe'))) {
    if (-not (Get-Command python -ErrorAction SilentlyContinue)) {
      throw 'missing: Python 3 (https://www.python.org)'
    }
    Invoke-Checked python @('-m', 'venv', $venv)
    Invoke-Checked (Join-Path $tools 'python.exe') @('-m', 'pip', 'install', '--quiet', 'meson', 'ninja')
  }
  return $tools
}

# Configures a build folder, with Visual Studio's environment; CXX=clang-cl takes Clang instead of
# MSVC. The library is static: it marks nothing for export from a DLL.
function Initialize-Build {
  param([string] $Build, [string[]] $Arguments)
  $env:PATH = (Get-Tools) + ';' + $env:PATH
  New-Item -ItemType Directory -Force subprojects | Out-Null
  foreach ($wrap in 'catch2', 'cli11') {
    if (-not (Test-Path "subprojects\$wrap.wrap")) {
      Invoke-Checked meson @('wrap', 'install', $wrap)
    }
  }
  $setup = @('setup', '--vsenv', '-Ddefault_library=static') + $Arguments + @($Build)
  if (Test-Path (Join-Path $Build 'build.ninja')) {
    $setup += '--reconfigure'
  }
  Invoke-Checked meson $setup
}
